//! The machine against the model of a server, in random interleavings.

use crate::model::World;

/// Runs in an ordinary test, and with `COUNTERSIGN_PROVE`.
const RUNS: [u64; 2] = [300, 10_000];

#[test]
fn device_and_server_become_the_same_and_nothing_is_lost_or_doubled() {
    if let Ok(seed) = std::env::var("COUNTERSIGN_SEED") {
        let mut world = World::new(seed.parse().unwrap());
        world.is_traced = true;
        return world.run();
    }
    let (mut actions, mut crashes, mut cuts, mut upheavals) = (0, 0, 0, 0);
    let runs = RUNS[usize::from(std::env::var_os("COUNTERSIGN_PROVE").is_some())];
    for seed in 0..runs {
        let mut world = World::new(seed);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run()));
        if let Err(panic) = run {
            println!("failed with COUNTERSIGN_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
        actions += world.acknowledged.len() as u64;
        crashes += u64::from(world.crashes);
        cuts += u64::from(world.cuts);
        upheavals += u64::from(world.server.upheavals);
    }
    println!("{runs} runs: {actions} actions, {crashes} crashes, {cuts} cuts, {upheavals} upheavals");
    // Runs in which nothing happens prove nothing.
    assert!(actions > 5 * runs && crashes > runs && cuts > runs && upheavals > runs / 2);
}
