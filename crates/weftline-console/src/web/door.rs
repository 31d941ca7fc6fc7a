//! [`Door`]: which requests are answered.
//!
//! The page shows what a program does, so no other page and no other user may read it. The token
//! keeps other users out. The host is compared because the page of an attacker may give its own
//! name the address 127.0.0.1 (DNS rebinding), and a browser then sends that name.

use super::http::{Refusal, Request};
use super::recording::length_of;
use super::token::Token;
use std::time::Duration;

/// What a request may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// The page.
    Page,
    /// The events that keep it up to date.
    Events,
    /// The last report, as text.
    Report,
    /// A timeline of the time from now on.
    Recording(Duration),
}

/// Lets requests in.
pub(super) struct Door {
    token: Token,
    hosts: [String; 2],
}

impl Door {
    /// For a server at that port.
    pub(super) fn new(token: Token, port: u16) -> Self {
        Self {
            token,
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        }
    }

    /// The address of the page.
    pub(super) fn address(&self) -> String {
        format!("http://{}/{}/", self.hosts[0], self.token)
    }

    /// What the request may read.
    pub(super) fn admit(&self, request: &Request) -> Result<Room, Refusal> {
        let host = request.host.as_deref().unwrap_or_default();
        if !self.hosts.iter().any(|it| it == host) {
            return Err(Refusal::Forbidden);
        }
        if let Some(origin) = &request.origin
            && origin.strip_prefix("http://") != Some(host)
        {
            return Err(Refusal::Forbidden);
        }
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Err(Refusal::Method);
        }
        let path = request.target.strip_prefix('/').unwrap_or_default();
        let (token, rest) = path.split_once('/').unwrap_or((path, ""));
        if !self.token.is(token) {
            return Err(Refusal::Forbidden);
        }
        match rest {
            "" => Ok(Room::Page),
            "events" => Ok(Room::Events),
            "report" => Ok(Room::Report),
            _ => {
                let query = rest.strip_prefix("record").ok_or(Refusal::NotFound)?;
                let query = match query.strip_prefix('?') {
                    Some(query) => query,
                    None if query.is_empty() => query,
                    None => return Err(Refusal::NotFound),
                };
                let length = length_of(query).ok_or(Refusal::Seconds)?;
                Ok(Room::Recording(length))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reader_of_the_same_origin_with_the_token_comes_in() {
        let door = Door::new(Token::new().unwrap(), 80);
        let token = door.token.to_string();
        let ask = |method: &str, target: &str, host: &str, origin: Option<&str>| {
            door.admit(&Request {
                method: method.to_owned(),
                target: target.to_owned(),
                host: Some(host.to_owned()),
                origin: origin.map(str::to_owned),
            })
        };
        let own = Some("http://127.0.0.1:80");
        for (rest, room) in [
            ("", Room::Page),
            ("/", Room::Page),
            ("/events", Room::Events),
            ("/report", Room::Report),
            ("/record", Room::Recording(Duration::from_secs(5))),
            (
                "/record?seconds=60",
                Room::Recording(Duration::from_secs(60)),
            ),
        ] {
            let target = format!("/{token}{rest}");
            assert_eq!(ask("GET", &target, "127.0.0.1:80", None), Ok(room));
            assert_eq!(ask("HEAD", &target, "127.0.0.1:80", own), Ok(room));
        }
        let page = format!("/{token}/");
        assert_eq!(ask("GET", &page, "localhost:80", None), Ok(Room::Page));
        for (host, origin) in [
            ("evil.example", None),
            ("evil.example:80", None),
            ("127.0.0.1", None),
            ("127.0.0.1:81", None),
            ("", None),
            ("127.0.0.1:80", Some("http://evil.example")),
            ("127.0.0.1:80", Some("https://127.0.0.1:80")),
            ("127.0.0.1:80", Some("http://localhost:80")),
            ("127.0.0.1:80", Some("null")),
        ] {
            let refused = ask("GET", &page, host, origin);
            assert_eq!(refused, Err(Refusal::Forbidden), "{host} {origin:?}");
        }
        for target in ["/", "//", "/favicon.ico", "/0/", &page[..20]] {
            let refused = ask("GET", target, "127.0.0.1:80", None);
            assert_eq!(refused, Err(Refusal::Forbidden), "{target}");
        }
        for rest in ["x", "events/", "../", "?a", "recorder", "record/"] {
            let refused = ask("GET", &(page.clone() + rest), "127.0.0.1:80", None);
            assert_eq!(refused, Err(Refusal::NotFound), "{rest}");
        }
        let refused = ask(
            "GET",
            &(page.clone() + "record?seconds=61"),
            "127.0.0.1:80",
            None,
        );
        assert_eq!(refused, Err(Refusal::Seconds));
        for method in ["POST", "PUT", "OPTIONS", "get", "TRACE"] {
            let refused = ask(method, &page, "127.0.0.1:80", own);
            assert_eq!(refused, Err(Refusal::Method), "{method}");
        }
    }
}
