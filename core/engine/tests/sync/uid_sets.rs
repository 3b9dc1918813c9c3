//! Sets of UIDs against the RFC's words and a plain set.

use std::collections::BTreeSet;

use engine::sync::{UidSet, UidSetError};
use proptest::prelude::*;

fn set(text: &str) -> UidSet {
    UidSet::parse(text, None).unwrap()
}

#[test]
fn sets_are_read_and_written_as_the_rfc_does() {
    for (text, written, count) in [
        ("1", "1", 1),
        ("5:3", "3:5", 3),
        ("4,2,3", "2:4", 3),
        ("1:3,2:7,9", "1:7,9", 8),
        ("4294967295,4294967294", "4294967294:4294967295", 2),
        ("1:4294967295", "1:4294967295", 4_294_967_295),
    ] {
        assert_eq!(set(text).to_string(), written);
        assert_eq!(set(text).len(), count, "{text}");
    }
}

#[test]
fn a_star_is_the_largest_uid_and_never_a_guess() {
    assert_eq!(UidSet::parse("7:*", Some(12)).unwrap().to_string(), "7:12");
    assert_eq!(UidSet::parse("*", Some(12)).unwrap().to_string(), "12");
    // RFC 9051: "559:*" where 12 is the largest is 12:559; nothing above the largest exists.
    assert_eq!(UidSet::parse("559:*", Some(12)).unwrap().first(), Some(12));
    assert_eq!(UidSet::parse("1:*", None), Err(UidSetError::Star));
}

#[test]
fn what_is_no_set_is_refused() {
    for text in
        ["", ",", "1,", "0", "0:5", "1:", ":", "1:2:3", "-1", "+1", " 1", "1 ", "4294967296", "1:x", "١", "$"]
    {
        assert_eq!(UidSet::parse(text, Some(9)), Err(UidSetError::Syntax), "{text:?}");
    }
}

#[test]
fn a_hostile_range_costs_nothing() {
    let all = set("1:4294967295");
    assert_eq!(all.iter().next_back(), Some(u32::MAX));
    assert_eq!(all.iter().next(), Some(1));
    assert_eq!(all.difference(&set("7")).to_string(), "1:6,8:4294967295");
    assert_eq!(all.intersection(&set("7,9")).to_string(), "7,9");
    assert_eq!(set("7,9").difference(&all), UidSet::new());
    assert_eq!(all.newest(2).to_string(), "4294967294:4294967295");
    assert_eq!(UidSet::parse_in_order("1:4294967295", 1000), Err(UidSetError::TooMany));
}

#[test]
fn copyuid_keeps_its_order() {
    assert_eq!(UidSet::parse_in_order("9,3:5,1", 5), Ok(vec![9, 3, 4, 5, 1]));
    assert_eq!(UidSet::parse_in_order("9,3:5,1", 4), Err(UidSetError::TooMany));
    assert_eq!(UidSet::parse_in_order("9,*", 4), Err(UidSetError::Syntax));
}

#[test]
fn a_long_set_is_asked_for_in_commands_of_bounded_length() {
    let odd: UidSet = (0..5_000).map(|n| 100_000 + 2 * n).collect();
    let mut left = odd.clone();
    let mut seen = BTreeSet::new();
    let mut before = u32::MAX;
    while !left.is_empty() {
        let (part, rest) = left.split_newest(1_000);
        assert!(part.to_string().len() <= 1_000 && part.last().unwrap() < before);
        before = part.first().unwrap();
        seen.extend(part.iter());
        left = rest;
    }
    assert!(seen.into_iter().eq(odd.iter()));
    assert_eq!(set("1:4294967295").split_newest(0).0.len(), 4_294_967_295, "never stuck");
}

#[test]
fn sets_are_stored_as_text() {
    assert_eq!(serde_json::to_string(&set("3:5,9")).unwrap(), "\"3:5,9\"");
    assert_eq!(serde_json::from_str::<UidSet>("\"9,3:5\"").unwrap(), set("3:5,9"));
    assert_eq!(serde_json::from_str::<UidSet>("\"\"").unwrap(), UidSet::new());
    assert!(serde_json::from_str::<UidSet>("\"1:*\"").is_err());
}

fn some() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(prop_oneof![1..40u32, u32::MAX - 20..=u32::MAX], 0..30)
}

proptest! {
    #[test]
    fn sets_do_what_plain_sets_do(a in some(), b in some(), n in 0..30usize) {
        let (ours, theirs): (UidSet, UidSet) = (a.iter().copied().collect(), b.iter().copied().collect());
        let (a, b): (BTreeSet<u32>, BTreeSet<u32>) = (a.into_iter().collect(), b.into_iter().collect());
        let same = |set: &UidSet, plain: Vec<u32>| set.iter().eq(plain.iter().copied());
        prop_assert_eq!(ours.len(), a.len() as u64);
        prop_assert!(same(&ours.union(&theirs), a.union(&b).copied().collect()));
        prop_assert!(same(&ours.intersection(&theirs), a.intersection(&b).copied().collect()));
        prop_assert!(same(&ours.difference(&theirs), a.difference(&b).copied().collect()));
        prop_assert!(same(&ours.newest(n as u64), a.iter().copied().skip(a.len().saturating_sub(n)).collect()));
        prop_assert!(ours.iter().rev().eq(a.iter().rev().copied()));
        for uid in &b {
            prop_assert_eq!(ours.contains(*uid), a.contains(uid));
            prop_assert_eq!(ours.from(*uid).len(), a.range(uid..).count() as u64);
        }
        let mut one_by_one = UidSet::new();
        b.iter().rev().chain(&a).for_each(|uid| one_by_one.insert(*uid));
        prop_assert_eq!(&one_by_one, &ours.union(&theirs));
        if !a.is_empty() {
            prop_assert_eq!(UidSet::parse(&ours.to_string(), None).unwrap(), ours);
        }
    }
}
