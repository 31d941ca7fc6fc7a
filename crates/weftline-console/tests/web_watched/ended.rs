//! The waits of a process that have ended, and its own end.

use crate::client::{Web, status};
use crate::program;
use serde_json::Value;

pub(crate) fn ended_waits_are_told() {
    let watched = program::start();
    let web = Web::of(watched.0.id());
    let told = web.events().find_map(|event| {
        let ended = &event["parts"]["ended"];
        let is_there = |it: &&Value| it["title"] == "Lock" && it["count"].as_u64() > Some(3);
        let kinds = ended["kinds"].as_array()?;
        let kind = kinds.iter().find(is_there)?.clone();
        Some((ended.clone(), kind))
    });
    let (ended, kind) = told.expect("the stream goes on");
    assert_eq!(ended["goes_on"], true);
    let histogram = kind["histogram"].as_array().unwrap();
    let counts = histogram.iter().map(|it| it.as_u64().unwrap());
    assert!(histogram.len() > 20 && counts.sum::<u64>() > 3, "{kind}");
    let row = &ended["contended"]["rows"][0];
    assert_eq!(row["title"], "Lock cache", "{ended}");
    // Each wait lasts for at least a part of the other thread's 5 ms.
    assert!(row["least"].as_u64() > Some(3) && row["micros"].as_u64() > Some(1_000));
}

pub(crate) fn the_end_of_a_process_is_told_and_its_last_state_is_kept() {
    let mut watched = program::start();
    let web = Web::of(watched.0.id());
    let mut events = web.events();
    let first = events.next().unwrap();
    assert_eq!(first["head"]["is"], "live");
    // It is a zombie until it is waited for, and has ended all the same.
    watched.0.kill().unwrap();
    let last = events.find(|it| it["head"]["is"] == "ended");
    assert!(last.is_some());
    let again = web.events().next().unwrap();
    assert_eq!(again["head"]["is"], "ended");
    assert!(!again["threads"].as_object().unwrap().is_empty());
    assert_eq!(status(&web.get("")), "200");
}
