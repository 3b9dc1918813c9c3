//! Certificate policies: the valid policy graph of RFC 9618, which replaces the tree of RFC 5280 section 6.1
//! because a tree grows exponentially under hostile policy mappings.

use std::collections::{BTreeMap, BTreeSet};

use const_oid::ObjectIdentifier;

use super::PathOptions;
use crate::certificate::Certificate;

/// anyPolicy (RFC 5280 section 4.2.1.4).
const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");

/// A node of one depth; the map's key is its valid_policy.
#[derive(Clone, Debug, Default)]
struct Node {
    expected: BTreeSet<ObjectIdentifier>,
    /// valid_policy of nodes one depth above.
    parents: BTreeSet<ObjectIdentifier>,
}

type Depth = BTreeMap<ObjectIdentifier, Node>;

pub(super) struct PolicyState {
    /// Depth 0 first; `None` is the NULL graph.
    graph: Option<Vec<Depth>>,
    explicit_policy: u32,
    inhibit_any_policy: u32,
    policy_mapping: u32,
    /// explicit_policy was 0 when a certificate without a valid policy came (section 6.1.3 f).
    failed: bool,
}

impl PolicyState {
    /// Section 6.1.2; `length` is the number of certificates below the anchor.
    pub(super) fn new(length: usize, options: &PathOptions) -> Self {
        let never = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(1);
        let unless = |inhibited: bool| if inhibited { 0 } else { never };
        let root = Node { expected: BTreeSet::from([ANY_POLICY]), parents: BTreeSet::new() };
        PolicyState {
            graph: Some(vec![BTreeMap::from([(ANY_POLICY, root)])]),
            explicit_policy: unless(options.require_explicit_policy),
            inhibit_any_policy: unless(options.inhibit_any_policy),
            policy_mapping: unless(options.inhibit_policy_mapping),
            failed: false,
        }
    }

    /// One certificate, from below the anchor down to the leaf; `None` when it maps anyPolicy (section 6.1.4 a).
    pub(super) fn process(&mut self, certificate: &Certificate, is_leaf: bool) -> Option<()> {
        self.add_depth(certificate, is_leaf);
        if self.explicit_policy == 0 && self.graph.is_none() {
            self.failed = true;
        }
        let extensions = certificate.extensions();
        let constraints = extensions.policy_constraints;
        if is_leaf {
            // Section 6.1.5 (a), (b).
            self.explicit_policy = self.explicit_policy.saturating_sub(1);
            if constraints.is_some_and(|constraints| constraints.require_explicit_policy == Some(0)) {
                self.explicit_policy = 0;
            }
            return Some(());
        }
        let mappings = &extensions.policy_mappings;
        if mappings.iter().any(|(issuer, subject)| *issuer == ANY_POLICY || *subject == ANY_POLICY) {
            return None;
        }
        self.apply_mappings(mappings);
        // Section 6.1.4 (h), (i), (j).
        if !certificate.is_self_issued() {
            for counter in [&mut self.explicit_policy, &mut self.policy_mapping, &mut self.inhibit_any_policy]
            {
                *counter = counter.saturating_sub(1);
            }
        }
        if let Some(skip) = constraints.and_then(|constraints| constraints.require_explicit_policy) {
            self.explicit_policy = self.explicit_policy.min(skip);
        }
        if let Some(skip) = constraints.and_then(|constraints| constraints.inhibit_policy_mapping) {
            self.policy_mapping = self.policy_mapping.min(skip);
        }
        if let Some(skip) = extensions.inhibit_any_policy {
            self.inhibit_any_policy = self.inhibit_any_policy.min(skip);
        }
        Some(())
    }

    /// Section 6.1.3 (d), (e).
    fn add_depth(&mut self, certificate: &Certificate, is_leaf: bool) {
        let Some(policies) = &certificate.extensions().policies else {
            self.graph = None;
            return;
        };
        let Some(graph) = &mut self.graph else { return };
        let Some(above) = graph.last() else { return };
        let mut expecting: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
        for (policy, node) in above {
            for expected in &node.expected {
                expecting.entry(*expected).or_default().insert(*policy);
            }
        }
        let mut depth = Depth::new();
        let mut add = |policy: ObjectIdentifier, parents: BTreeSet<ObjectIdentifier>| {
            depth.entry(policy).or_insert_with(|| Node { expected: BTreeSet::from([policy]), parents });
        };
        for policy in policies.iter().filter(|policy| **policy != ANY_POLICY) {
            match expecting.get(policy) {
                Some(parents) => add(*policy, parents.clone()),
                None if above.contains_key(&ANY_POLICY) => add(*policy, BTreeSet::from([ANY_POLICY])),
                None => {}
            }
        }
        let any_allowed = self.inhibit_any_policy > 0 || (!is_leaf && certificate.is_self_issued());
        if any_allowed && policies.contains(&ANY_POLICY) {
            for (policy, parents) in expecting {
                add(policy, parents);
            }
        }
        if depth.is_empty() {
            self.graph = None;
        } else {
            graph.push(depth);
        }
    }

    /// Section 6.1.4 (b).
    fn apply_mappings(&mut self, mappings: &[(ObjectIdentifier, ObjectIdentifier)]) {
        let Some(depth) = self.graph.as_mut().and_then(|graph| graph.last_mut()) else { return };
        let mut mapped: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
        for (issuer, subject) in mappings {
            mapped.entry(*issuer).or_default().insert(*subject);
        }
        for (issuer, subjects) in mapped {
            if self.policy_mapping == 0 {
                depth.remove(&issuer);
            } else if let Some(node) = depth.get_mut(&issuer) {
                node.expected = subjects;
            } else if depth.contains_key(&ANY_POLICY) {
                depth.insert(issuer, Node { expected: subjects, parents: BTreeSet::from([ANY_POLICY]) });
            }
        }
        if depth.is_empty() {
            self.graph = None;
        }
    }

    /// Section 6.1.5 (g) and the end: the intersection with the user's policies is not empty, or none is needed.
    pub(super) fn is_valid(&self, user_policies: &[ObjectIdentifier]) -> bool {
        !self.failed && (self.explicit_policy > 0 || self.has_policy_of(user_policies))
    }

    fn has_policy_of(&self, user_policies: &[ObjectIdentifier]) -> bool {
        let Some(graph) = &self.graph else { return false };
        let Some((last, above)) = graph.split_last() else { return false };
        if user_policies.is_empty() || user_policies.contains(&ANY_POLICY) || last.contains_key(&ANY_POLICY) {
            return true;
        }
        // From the leaf's policies up to those whose parent is anyPolicy: the ones in the anchor's domain.
        let mut wanted: BTreeSet<ObjectIdentifier> = last.keys().copied().collect();
        for depth in std::iter::once(last).chain(above.iter().rev()) {
            let mut parents = BTreeSet::new();
            for policy in wanted {
                let Some(node) = depth.get(&policy) else { continue };
                if node.parents.contains(&ANY_POLICY) && user_policies.contains(&policy) {
                    return true;
                }
                parents.extend(node.parents.iter().copied().filter(|parent| *parent != ANY_POLICY));
            }
            wanted = parents;
        }
        false
    }
}
