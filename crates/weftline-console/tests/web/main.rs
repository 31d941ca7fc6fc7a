//! `weftline web`, as browsers and strangers meet it. The process under watch is that of the tests.
//!
//! | file | what it holds |
//! |---|---|
//! | `client.rs` | the command, and a client of its page |
#![cfg(target_os = "linux")]

mod client;

use client::{Events, Web, status};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::sync::Once;
use weftline::watch;

impl Web {
    /// That of this process, which answers.
    fn of_this_process() -> Self {
        static ANSWERS: Once = Once::new();
        ANSWERS.call_once(|| assert!(watch::install_as_told().unwrap()));
        Self::of(std::process::id())
    }

    /// The whole answer to these bytes.
    fn answer(&self, request: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The answer to a request with these further headers.
    fn ask(&self, method: &str, target: &str, headers: &str) -> String {
        self.answer(format!("{method} {target} HTTP/1.1\r\n{headers}\r\n").as_bytes())
    }

    fn page(&self) -> String {
        String::from_utf8(self.get("")).unwrap()
    }
}

fn status_of(answer: &str) -> &str {
    status(answer.as_bytes())
}

#[test]
fn the_page_may_do_nothing_but_show_itself() {
    let web = Web::of_this_process();
    let page = web.page();
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert_eq!(status_of(head), "200");
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(it, _)| *it == name).map(|(_, value)| value);
        found.next().unwrap_or_else(|| panic!("{name}: {head}"))
    };
    assert_eq!(header("Cache-Control"), "no-store");
    assert_eq!(header("Referrer-Policy"), "no-referrer");
    assert_eq!(header("X-Content-Type-Options"), "nosniff");
    assert_eq!(header("Content-Length"), body.len().to_string());
    let policy = header("Content-Security-Policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'nonce-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let nonce = policy.split("'nonce-").nth(1).unwrap();
    let nonce = nonce.split('\'').next().unwrap();
    assert!(body.contains(&format!("<script nonce=\"{nonce}\">")));
    assert!(!web.page().contains(nonce), "a nonce is used once");
    let head_alone = web.ask("HEAD", &format!("/{}/", web.token), &web.own_host());
    assert!(head_alone.starts_with("HTTP/1.1 200") && head_alone.ends_with("\r\n\r\n"));
    let report = web.ask("GET", &format!("/{}/report", web.token), &web.own_host());
    assert!(report.contains(&format!("weftline: process {}: ", std::process::id())));
}

#[test]
fn strangers_learn_nothing() {
    let web = Web::of_this_process();
    let (page, host) = (format!("/{}/", web.token), web.own_host());
    let wrong = format!("/{}/", "0".repeat(web.token.len()));
    let port = web.host.split(':').nth(1).unwrap();
    for (target, headers) in [
        ("/", host.as_str()),
        ("/favicon.ico", &host),
        (&wrong, &host),
        (&page, "Host: rebound.example\r\n"),
        (&page, &format!("Host: rebound.example:{port}\r\n")),
        (&page, &format!("{host}Origin: http://evil.example\r\n")),
        (&page, &format!("{host}Origin: null\r\n")),
    ] {
        let answer = web.ask("GET", target, headers);
        assert_eq!(status_of(&answer), "403", "{target} {headers}");
        assert!(!answer.contains(&web.token));
    }
    let by_name = web.ask("GET", &page, &format!("Host: localhost:{port}\r\n"));
    assert_eq!(status_of(&by_name), "200");
    let absent = web.ask("GET", &format!("{page}absent"), &host);
    assert_eq!(status_of(&absent), "404");
}

#[test]
fn a_recording_has_a_length_and_the_rules_of_all_requests() {
    let web = Web::of_this_process();
    let (place, host) = (format!("/{}/record", web.token), web.own_host());
    for query in ["?seconds=0", "?seconds=61", "?seconds=x", "?seconds"] {
        let answer = web.ask("GET", &format!("{place}{query}"), &host);
        assert_eq!(status_of(&answer), "400", "{query}");
        assert!(answer.ends_with("A recording lasts from 1 to 60 seconds.\n"));
    }
    let wrong = format!("/{}/record", "0".repeat(web.token.len()));
    for (target, headers) in [
        (&wrong, host.as_str()),
        (&place, "Host: rebound.example\r\n"),
        (&place, &format!("{host}Origin: http://evil.example\r\n")),
    ] {
        assert_eq!(status_of(&web.ask("GET", target, headers)), "403");
    }
    assert_eq!(status_of(&web.ask("POST", &place, &host)), "405");
    let head = web.ask("HEAD", &place, &host);
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"));
}

#[test]
fn nothing_can_be_written() {
    let web = Web::of_this_process();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = web.ask(method, &format!("/{}/", web.token), &web.own_host());
        assert_eq!(status_of(&answer), "405", "{method}");
        assert!(answer.contains("\r\nAllow: GET, HEAD\r\n"), "{answer}");
    }
    let host = web.own_host();
    let body = web.ask("POST", "/", &format!("{host}Content-Length: 3\r\n\r\nabc"));
    assert_eq!(status_of(&body), "400");
}

#[test]
fn garbage_is_refused_and_the_page_goes_on() {
    let web = Web::of_this_process();
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        assert_eq!(status_of(&web.answer(garbage)), "400", "{garbage:?}");
    }
    assert_eq!(
        status_of(&web.answer(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n")),
        "505"
    );
    let long = format!("Cookie: {}\r\n{}", "a".repeat(9000), web.own_host());
    assert_eq!(status_of(&web.ask("GET", "/", &long)), "431");
    // A client that goes away in the middle.
    let mut half = web.connect();
    half.write_all(b"GET / HT").unwrap();
    half.shutdown(Shutdown::Both).unwrap();
    assert_eq!(status_of(&web.page()), "200");
}

#[test]
fn slow_and_many_clients_are_bounded() {
    let web = Web::of_this_process();
    let mut slow = web.connect();
    slow.write_all(b"GET /").unwrap();
    // Places are taken in the order of the connections.
    let idle: Vec<TcpStream> = (0..31).map(|_| web.connect()).collect();
    assert_eq!(status_of(&web.page()), "503", "all places are taken");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert_eq!(status_of(&answer), "408");
    drop(idle);
    while status_of(&web.page()) != "200" {
        std::thread::yield_now();
    }
}

#[test]
fn events_tell_what_changes() {
    let web = Web::of_this_process();
    let event = weftline::Event::new();
    weftline::scope(|scope| {
        let builder = scope.builder().name("one that waits");
        builder.spawn(|| event.wait()).unwrap();
        let mut names = std::collections::HashMap::new();
        let mut events = web.events();
        let waits = |value: &Value| value["wait"]["class"] == "Event";
        let first = events.next().unwrap();
        assert_eq!(
            (&first["first"], &first["head"]["is"]),
            (&true.into(), &"live".into())
        );
        assert_eq!(first["parts"]["summary"]["whole"], true);
        let ended = first["parts"].get("ended");
        assert_eq!(ended, Some(&Value::Null), "it does not measure");
        let mut version = first["version"].as_u64().unwrap();
        let mut next = first;
        loop {
            for (id, thread) in next["threads"].as_object().unwrap() {
                names.insert(id.clone(), thread.clone());
            }
            let mut rows = names.values();
            if rows.any(|it| it["name"] == "one that waits" && waits(it)) {
                break;
            }
            next = events.next().unwrap();
            assert_eq!(next["first"], false);
            let new = next["version"].as_u64().unwrap();
            assert!(new > std::mem::replace(&mut version, new));
        }
        event.set();
    });
}

#[test]
fn two_pages_show_the_same() {
    let web = Web::of_this_process();
    let (mut one, mut other) = (web.events(), web.events());
    let versions = |events: &mut Events| {
        let numbers = events
            .by_ref()
            .take(3)
            .map(|it| it["version"].as_u64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    let (one, other) = (versions(&mut one), versions(&mut other));
    assert!(one.iter().any(|it| other.contains(it)), "{one:?} {other:?}");
}

#[test]
fn signals_end_the_command_with_status_0() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut web = Web::of_this_process();
        let mut events = web.events();
        assert!(events.next().is_some());
        web.send(signal);
        assert_eq!(events.find(|it| it["head"]["is"] != "live"), None);
        assert_eq!(web.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn a_wrong_command_says_so() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weftline"));
        let done = command.arg("web").args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code(), text(done.stdout), text(done.stderr))
    };
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("usage: weftline web PID") && out.contains("examples: "));
    for wrong in [
        &[][..],
        &["x"],
        &["1", "2"],
        &["1", "--port", "70000"],
        &["--open", "1"],
    ] {
        let (code, out, error) = run(wrong);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(error.starts_with("weftline: "), "{error}");
    }
    let (code, out, error) = run(&["1"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.starts_with("weftline: process 1: "), "{error}");
}
