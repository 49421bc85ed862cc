//! The end of a login at which the browser comes back to this machine (RFC 8252, section 7.3): as much of HTTP as one
//! redirect needs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use apiduct::auth::{LoginError, PendingLogin};
use apiduct::client::Timer;
use apiduct::model::SecretText;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use crate::exit_code::ExitCode;
use crate::report::Failure;

/// Longest head of a request.
const LONGEST_HEAD: usize = 16 << 10;
/// How long a connection may take. Browsers open some that they never use.
const LONGEST_VISIT: Duration = Duration::from_secs(10);
/// Connections at a time.
const MOST_VISITS: usize = 16;
/// How long a person may take.
const LONGEST_LOGIN: Duration = Duration::from_mins(15);

/// Waits on this machine for a browser to come back.
#[derive(Debug)]
pub(super) struct Loopback {
    listener: TcpListener,
    redirect_uri: Url,
}

/// What a request to us comes to.
type Outcome = Option<Result<SecretText, LoginError>>;

/// What the browser shows.
struct Page {
    status: &'static str,
    text: &'static str,
}

const CAME_BACK: Page = Page {
    status: "200 OK",
    text: "apiduct has got the answer. You can close this window; the terminal says how it went on.",
};
const REFUSED: Page = Page {
    status: "200 OK",
    text: "The login did not go through. You can close this window; the terminal says why.",
};
const OTHER_LOGIN: Page = Page {
    status: "400 Bad Request",
    text: "This answer belongs to another login. Open the page that the terminal shows.",
};
const NOT_FOUND: Page = Page {
    status: "404 Not Found",
    text: "There is nothing here.",
};
const NOT_ALLOWED: Page = Page {
    status: "405 Method Not Allowed",
    text: "Only a browser that comes back from a login is expected here.",
};
const BAD: Page = Page {
    status: "400 Bad Request",
    text: "This is not understood.",
};

impl Loopback {
    /// Listens on the host and the port of `redirect_uri`, or on a free port when it has none.
    pub(super) async fn bind(redirect_uri: &Url) -> io::Result<Self> {
        let host = match redirect_uri.host_str() {
            Some("[::1]") => IpAddr::V6(Ipv6Addr::LOCALHOST),
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let listener = TcpListener::bind((host, redirect_uri.port().unwrap_or(0))).await?;
        let mut redirect_uri = redirect_uri.clone();
        let port = listener.local_addr()?.port();
        redirect_uri
            .set_port(Some(port))
            .map_err(|()| io::Error::other("the URL takes no port"))?;
        Ok(Self {
            listener,
            redirect_uri,
        })
    }

    /// Where the browser must be sent.
    pub(super) fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// Waits for the browser of `login`; whatever else comes is turned away.
    pub(super) async fn wait(
        &self,
        login: PendingLogin,
        timer: &Arc<dyn Timer>,
    ) -> Result<SecretText, Failure> {
        let door = Arc::new(Door {
            login,
            path: self.redirect_uri.path().to_owned(),
        });
        let mut visits = JoinSet::new();
        let mut too_late = timer.sleep(LONGEST_LOGIN);
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if visits.len() < MOST_VISITS => {
                    let (stream, _) = accepted.map_err(|error| {
                        Failure::message(ExitCode::Source, "cannot hear the browser", None).because(&error)
                    })?;
                    let (door, timer) = (Arc::clone(&door), Arc::clone(timer));
                    visits.spawn(async move {
                        tokio::select! {
                            outcome = door.receive(stream) => outcome,
                            () = timer.sleep(LONGEST_VISIT) => None,
                        }
                    });
                }
                Some(visit) = visits.join_next() => {
                    if let Ok(Some(outcome)) = visit {
                        return outcome.map_err(|error| Failure::new(ExitCode::Source, &error));
                    }
                }
                () = &mut too_late => {
                    let minutes = LONGEST_LOGIN.as_secs() / 60;
                    return Err(Failure::message(
                        ExitCode::Source,
                        format!("no browser came back within {minutes} min"),
                        Some("begin the login anew"),
                    ));
                }
            }
        }
    }
}

/// Knows who is expected.
struct Door {
    login: PendingLogin,
    path: String,
}

impl Door {
    async fn receive(&self, mut stream: TcpStream) -> Outcome {
        let head = read_head(&mut stream).await?;
        let (page, outcome) = self.answer(&head);
        // Who does not read the page has come back all the same.
        let _ = stream.write_all(page.response().as_bytes()).await;
        let _ = stream.shutdown().await;
        outcome
    }

    fn answer(&self, head: &[u8]) -> (Page, Outcome) {
        let Some((method, target)) = request_line(head) else {
            return (BAD, None);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path {
            return (NOT_FOUND, None);
        }
        if method != "GET" {
            return (NOT_ALLOWED, None);
        }
        match self.login.code(query) {
            Ok(code) => (CAME_BACK, Some(Ok(code))),
            // Any page of the browser can call here; this ends no login.
            Err(LoginError::OtherState) => (OTHER_LOGIN, None),
            Err(error) => (REFUSED, Some(Err(error))),
        }
    }
}

impl Page {
    fn response(&self) -> String {
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>apiduct</title><p>{}</p></html>\n",
            self.text
        );
        format!(
            "HTTP/1.1 {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n{body}",
            self.status,
            body.len()
        )
    }
}

/// Everything up to the empty line; `None` when it does not come, or too late.
async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    while memmem::find(&head, b"\r\n\r\n").is_none() {
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 || head.len() + count > LONGEST_HEAD {
            return None;
        }
        head.extend_from_slice(&chunk[..count]);
    }
    Some(head)
}

/// Method and target.
fn request_line(head: &[u8]) -> Option<(&str, &str)> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        [method, target, version] if version.starts_with("HTTP/1.") => Some((method, target)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apiduct::auth::{AuthorizationCode, LoginRandom, TokenEndpoint};

    fn door() -> (Door, String) {
        let endpoint = TokenEndpoint::new("https://login.test/token", "program");
        let flow = AuthorizationCode::new("https://login.test/authorize", endpoint);
        let random = LoginRandom::from_bytes([9; 48]);
        let login = flow.begin("http://127.0.0.1:1/back", random).unwrap();
        let mut pairs = login.url().query_pairs();
        let (_, state) = pairs.find(|(name, _)| name == "state").unwrap();
        let state = state.into_owned();
        let path = "/back".to_owned();
        (Door { login, path }, state)
    }

    fn asked(line: &str) -> (&'static str, Outcome) {
        let (door, state) = door();
        let line = line.replace("STATE", &state);
        let (page, outcome) = door.answer(format!("{line}\r\nHost: h\r\n\r\n").as_bytes());
        (page.status, outcome)
    }

    #[test]
    fn the_browser_of_the_login_brings_the_code() {
        let (status, outcome) = asked("GET /back?code=abc&state=STATE HTTP/1.1");
        assert_eq!(status, "200 OK");
        assert_eq!(outcome.unwrap().unwrap().expose(), "abc");
    }

    #[test]
    fn a_refusal_ends_the_login() {
        for line in [
            "GET /back?error=access_denied&state=STATE HTTP/1.1",
            "GET /back?state=STATE HTTP/1.1",
        ] {
            let (status, outcome) = asked(line);
            assert_eq!(status, "200 OK");
            assert!(outcome.unwrap().is_err(), "{line}");
        }
    }

    #[test]
    fn anybody_else_is_turned_away_and_ends_nothing() {
        for (line, expected) in [
            ("GET /favicon.ico HTTP/1.1", "404 Not Found"),
            ("GET / HTTP/1.0", "404 Not Found"),
            (
                "POST /back?code=a&state=STATE HTTP/1.1",
                "405 Method Not Allowed",
            ),
            ("GET /back?code=a&state=other HTTP/1.1", "400 Bad Request"),
            ("GET /back?error=access_denied HTTP/1.1", "400 Bad Request"),
            ("GET /back", "400 Bad Request"),
            ("GET /back HTTP/2", "400 Bad Request"),
            ("", "400 Bad Request"),
            ("\u{fffd} \u{0}", "400 Bad Request"),
        ] {
            let (status, outcome) = asked(line);
            assert_eq!(status, expected, "{line}");
            assert!(outcome.is_none(), "{line}");
        }
    }

    #[test]
    fn a_page_says_how_long_it_is() {
        let response = CAME_BACK.response();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        assert!(body.contains("close this window"));
    }

    #[tokio::test]
    async fn a_port_that_is_not_named_is_a_free_one() {
        let wanted = Url::parse("http://localhost/a").unwrap();
        let (one, other) = (Loopback::bind(&wanted).await, Loopback::bind(&wanted).await);
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.redirect_uri(), other.redirect_uri());
        assert_eq!(one.redirect_uri().host_str(), Some("localhost"));
        assert_eq!(one.redirect_uri().path(), "/a");
        assert!(Loopback::bind(one.redirect_uri()).await.is_err(), "taken");
    }
}
