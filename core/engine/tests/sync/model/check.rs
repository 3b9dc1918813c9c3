//! What must hold when everything is quiet.

use std::collections::BTreeMap;

use engine::sync::{ActionFailure, ActionKind, BodyState, Flag, SpecialFolders};

use super::run::World;
use super::server::{Entry, FOLDERS, Origin, Who};

/// An action that the user saw done.
#[derive(Debug)]
pub struct Acknowledged {
    pub folder: String,
    pub kind: ActionKind,
    /// Which mails they were, if anybody knows.
    pub mails: Vec<(Option<u64>, Origin)>,
    /// Length of the server's log then.
    pub log: usize,
    pub special: SpecialFolders,
}

impl Acknowledged {
    /// Where it copies or moves to.
    fn goes_to(&self) -> Option<&str> {
        let to = match &self.kind {
            ActionKind::Move { to } => to,
            ActionKind::Copy { to } => return Some(to),
            ActionKind::Delete => self.special.trash.as_ref()?,
            ActionKind::MarkSpam => self.special.junk.as_ref()?,
            ActionKind::Archive => self.special.archive.as_ref()?,
            ActionKind::AddFlags(_) | ActionKind::RemoveFlags(_) => return None,
        };
        (*to != self.folder).then_some(to)
    }

    fn leaves(&self) -> bool {
        match self.kind {
            ActionKind::Copy { .. } | ActionKind::AddFlags(_) | ActionKind::RemoveFlags(_) => false,
            ActionKind::Delete => true,
            _ => self.goes_to().is_some(),
        }
    }
}

pub fn check(world: &mut World) {
    same_on_both_sides(world);
    every_action_ended_once(world);
    nothing_is_lost(world);
    nothing_is_copied_twice(world);
    what_is_done_is_done(world);
}

fn same_on_both_sides(world: &mut World) {
    for name in FOLDERS {
        let (server, disk) = (&world.server.folders[name], &world.disk.folders[name]);
        let state = disk.state.unwrap();
        assert_eq!(state.uid_validity, server.uid_validity, "{name}");
        let ours: Vec<_> =
            disk.mails.iter().map(|(uid, kept)| (*uid, kept.mail.flags.clone(), kept.mail.octets)).collect();
        let theirs: Vec<_> = server
            .mails
            .iter()
            .map(|(uid, mail)| (*uid, mail.flags.clone(), mail.origin.claimed()))
            .collect();
        assert_eq!(ours, theirs, "{name}");
        for (uid, kept) in &disk.mails {
            let origin = server.mails[uid].origin;
            if origin.is_poison() {
                assert!(matches!(kept.mail.body, BodyState::Failed { .. }), "{name} {uid} {kept:?}");
            } else {
                assert_eq!(kept.mail.body, BodyState::Whole, "{name} {uid}");
                assert_eq!(kept.body, Some((origin, origin.octets())), "{name} {uid}");
            }
        }
    }
}

fn every_action_ended_once(world: &World) {
    assert!(world.disk.actions.is_empty(), "{:?}", world.disk.actions);
    let mut ids: Vec<u64> = world.disk.ended.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(0..world.acknowledged.len() as u64), "{ids:?}");
}

/// Mail is gone only when somebody deleted it: another client, whoever restored a backup, or the user without a trash.
fn nothing_is_lost(world: &World) {
    let mut live: BTreeMap<Origin, i64> = BTreeMap::new();
    let (mut ours_made, mut ours_gone) = (BTreeMap::<Origin, i64>::new(), BTreeMap::<Origin, i64>::new());
    let mut excused: BTreeMap<Origin, i64> = BTreeMap::new();
    for entry in &world.server.log {
        match entry {
            Entry::Created { origin, who, .. } => {
                *live.entry(*origin).or_default() += 1;
                let made = if *who == Who::Us { &mut ours_made } else { &mut excused };
                *made.entry(*origin).or_default() += i64::from(*who == Who::Us);
            }
            Entry::Removed { origin, who, .. } => {
                *live.entry(*origin).or_default() -= 1;
                match who {
                    Who::Us => *ours_gone.entry(*origin).or_default() += 1,
                    Who::Other | Who::Admin => *excused.entry(*origin).or_default() += 1,
                }
            }
            Entry::Flagged { .. } => {}
        }
    }
    for action in world.acknowledged.iter().filter(|action| action.kind == ActionKind::Delete) {
        if action.goes_to().is_none() {
            action.mails.iter().for_each(|(_, origin)| *excused.entry(*origin).or_default() += 1);
        }
    }
    for (origin, live) in live {
        let of = |counts: &BTreeMap<Origin, i64>| counts.get(&origin).copied().unwrap_or(0);
        assert!(live > 0 || of(&excused) > 0, "{origin:?} is gone and nobody deleted it");
        let deletes = world
            .acknowledged
            .iter()
            .filter(|action| action.kind == ActionKind::Delete && action.goes_to().is_none());
        let deleted: usize =
            deletes.map(|action| action.mails.iter().filter(|mail| mail.1 == origin).count()).sum();
        // A copy that another client made in the same moment may have been taken for ours.
        let others = world.server.log.iter().filter(|entry| {
            matches!(entry, Entry::Created { origin: made, who: Who::Other | Who::Admin, .. } if *made == origin)
        });
        let slack = others.count() as i64 - 1;
        assert!(
            of(&ours_gone) <= of(&ours_made) + deleted as i64 + slack,
            "{origin:?}: we removed {} and made {}",
            of(&ours_gone),
            of(&ours_made)
        );
    }
}

fn nothing_is_copied_twice(world: &World) {
    let mut made: BTreeMap<(&str, Origin), usize> = BTreeMap::new();
    for entry in &world.server.log {
        if let Entry::Created { folder, origin, who: Who::Us, .. } = entry {
            *made.entry((folder, *origin)).or_default() += 1;
        }
    }
    for ((folder, origin), made) in made {
        let wanted: usize = world
            .acknowledged
            .iter()
            .filter(|action| action.goes_to() == Some(folder))
            .map(|action| action.mails.iter().filter(|mail| mail.1 == origin).count())
            .sum();
        // A copy that is gone before it is looked for can't be told from one that was never made.
        let gone = world.server.log.iter().filter(|entry| {
            matches!(entry, Entry::Removed { folder: of, origin: gone, .. } if of == folder && *gone == origin)
        });
        // Nor one of two equal mails from the other, after new numbers.
        let twins = world.server.log.iter().filter(|entry| {
            matches!(entry, Entry::Created { folder: of, origin: twin, .. } if of != folder && *twin == origin)
        });
        let confused = if twins.count() > 1 { world.server.upheavals as usize } else { 0 };
        let wanted = wanted + gone.count() + confused;
        let log: Vec<_> = world.server.log.iter().filter(|entry| entry.origin() == origin).collect();
        assert!(
            made <= wanted,
            "{origin:?} was put {made} times into {folder}, wanted {wanted} times: {log:?}"
        );
    }
}

fn what_is_done_is_done(world: &World) {
    for (id, failure) in &world.disk.ended {
        let action = &world.acknowledged[*id as usize];
        let since = &world.server.log[action.log..];
        for (instance, origin) in &action.mails {
            let was_removed = world.server.log.iter().any(|entry| match entry {
                Entry::Removed { instance: removed, who, .. } => {
                    Some(*removed) == *instance && (*failure == Some(ActionFailure::Gone) || *who != Who::Us)
                }
                _ => false,
            });
            let is_twin = |entry: &&Entry| matches!(entry, Entry::Created { folder, origin: of, .. } if *folder == action.folder && of == origin);
            // After new numbers nobody can tell one of two equal mails from the other.
            let has_twin = world.server.log.iter().filter(is_twin).count() > 1;
            let is_excused = was_removed || instance.is_none() || (has_twin && world.server.upheavals > 0);
            match failure {
                None => done(world, action, *instance, *origin, since, is_excused),
                // Of several mails, one.
                Some(ActionFailure::Gone) if action.mails.len() == 1 => {
                    assert!(is_excused, "{id} {action:?}: not gone");
                }
                Some(ActionFailure::NotFoundAgain | ActionFailure::Unknown) => {
                    assert!(
                        world.server.upheavals > 0 || action.mails.iter().any(|m| m.1.message_id().is_none())
                    );
                }
                Some(ActionFailure::NoSuchFolder | ActionFailure::ReadOnly | ActionFailure::FlagsNotKept) => {
                    panic!("{id} {action:?} {failure:?}: not true");
                }
                Some(_) => {}
            }
        }
    }
}

fn done(
    world: &World,
    action: &Acknowledged,
    instance: Option<u64>,
    origin: Origin,
    since: &[Entry],
    is_excused: bool,
) {
    if is_excused {
        return;
    }
    let of_it: Vec<_> = since.iter().filter(|entry| entry.origin() == origin).collect();
    let wrote = |wanted: &Flag, value: bool| {
        since.iter().any(|entry| match entry {
            Entry::Flagged { origin: of, flag, set, who: Who::Us } => {
                *of == origin && flag == wanted && *set == value
            }
            _ => false,
        })
    };
    match &action.kind {
        ActionKind::AddFlags(flags) => {
            assert!(flags.iter().all(|flag| wrote(flag, true)), "{action:?} {of_it:?}")
        }
        ActionKind::RemoveFlags(flags) => {
            assert!(flags.iter().all(|flag| wrote(flag, false)), "{action:?} {of_it:?}")
        }
        _ => {}
    }
    if let Some(to) = action.goes_to() {
        let arrived = since.iter().any(
            |entry| matches!(entry, Entry::Created { folder, origin: of, .. } if folder == to && *of == origin),
        );
        assert!(arrived, "{action:?}: {origin:?} never came, after {of_it:?}");
    }
    let is_back = of_it.iter().any(|entry| matches!(entry, Entry::Created { who: Who::Admin, .. }));
    if action.leaves() && !is_back {
        let folder = &world.server.folders[&action.folder];
        let left = folder.mails.values().find(|mail| Some(mail.instance) == instance);
        let is_marked = |mail: &super::server::Mail| mail.flags.has(&Flag::Deleted);
        assert!(
            left.is_none_or(|mail| !world.server.features.uidplus && is_marked(mail)),
            "{action:?}: still there, after {of_it:?}"
        );
    }
}
