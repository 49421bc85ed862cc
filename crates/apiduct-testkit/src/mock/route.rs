use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use http::Method;

use super::{Received, Reply};
use crate::lock;

/// Answers one request.
pub(crate) type Handler = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// The routes of one server; the most literal match wins, then the one added last.
#[derive(Default, Debug)]
pub(crate) struct Routes {
    routes: Vec<Route>,
}

struct Route {
    method: Option<Method>,
    pattern: Pattern,
    handler: Handler,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.as_ref().map_or("*", Method::as_str);
        write!(f, "{method} {}", self.pattern.text)
    }
}

impl Routes {
    /// Adds a route; no method means all of them.
    pub(crate) fn add(&mut self, method: Option<Method>, pattern: &str, handler: Handler) {
        self.routes.push(Route {
            method,
            pattern: Pattern::new(pattern),
            handler,
        });
    }

    /// The reply of the best match, which finds the segments of its path in the request.
    pub(crate) fn answer(&self, request: &mut Received) -> Reply {
        let mut best: Option<(usize, &Route, Segments)> = None;
        let mut path_known = false;
        for route in &self.routes {
            let Some(segments) = route.pattern.matches(&request.path) else {
                continue;
            };
            path_known = true;
            if route
                .method
                .as_ref()
                .is_some_and(|method| *method != request.method)
            {
                continue;
            }
            let literals = route.pattern.literals();
            if best.as_ref().is_none_or(|(most, ..)| literals >= *most) {
                best = Some((literals, route, segments));
            }
        }
        match best {
            Some((_, route, segments)) => {
                request.segments = segments;
                (route.handler)(request)
            }
            None if path_known => Reply::error(405, "method not allowed"),
            None => Reply::error(
                404,
                &format!("no route for {} {}", request.method, request.path),
            ),
        }
    }
}

type Segments = Vec<(String, String)>;

/// A path with places: `/posts/{id}/comments`; a last segment `*` takes the rest.
struct Pattern {
    text: String,
    parts: Vec<Part>,
}

enum Part {
    Literal(String),
    Place(String),
    Rest,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let parts = split(text)
            .map(|part| {
                if part == "*" {
                    Part::Rest
                } else if let Some(name) = part
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'))
                {
                    Part::Place(name.to_owned())
                } else {
                    Part::Literal(part.to_owned())
                }
            })
            .collect();
        Self {
            text: text.to_owned(),
            parts,
        }
    }

    fn literals(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| matches!(part, Part::Literal(_)))
            .count()
    }

    fn matches(&self, path: &str) -> Option<Segments> {
        let mut found = Vec::new();
        let mut segments = split(path);
        for part in &self.parts {
            match part {
                Part::Rest => return Some(found),
                Part::Literal(text) => {
                    if segments.next()? != text {
                        return None;
                    }
                }
                Part::Place(name) => found.push((name.clone(), percent_decode(segments.next()?))),
            }
        }
        segments.next().is_none().then_some(found)
    }
}

fn split(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A handler that answers one reply after another and stays at the last one.
pub(crate) fn script(replies: impl IntoIterator<Item = Reply>) -> Handler {
    let replies: Mutex<VecDeque<Reply>> = Mutex::new(replies.into_iter().collect());
    Arc::new(move |_| {
        let mut replies = lock(&replies);
        if replies.len() > 1 {
            replies.pop_front()
        } else {
            replies.front().cloned()
        }
        .unwrap_or_else(|| Reply::error(500, "the script of this route is empty"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::received::received;
    use super::*;

    fn routes(patterns: &[&str]) -> Routes {
        let mut routes = Routes::default();
        for (index, pattern) in patterns.iter().enumerate() {
            let text = index.to_string();
            routes.add(None, pattern, Arc::new(move |_| Reply::text(text.clone())));
        }
        routes
    }

    fn winner(routes: &Routes, path: &str) -> Option<String> {
        let reply = routes.answer(&mut received(&Method::GET, path));
        let text = String::from_utf8(reply.pieces[0].to_vec()).unwrap();
        (reply.status == 200).then_some(text)
    }

    #[test]
    fn the_most_literal_pattern_wins_then_the_last_one() {
        let routes = routes(&["/posts/{id}", "/posts/new", "/*", "/posts/{id}"]);
        assert_eq!(winner(&routes, "/posts/new").as_deref(), Some("1"));
        assert_eq!(winner(&routes, "/posts/7").as_deref(), Some("3"));
        assert_eq!(winner(&routes, "/a/b/c").as_deref(), Some("2"));
    }

    #[test]
    fn a_slash_at_the_end_is_another_path() {
        let routes = routes(&["/posts"]);
        assert_eq!(winner(&routes, "/posts"), Some("0".to_owned()));
        assert_eq!(winner(&routes, "/posts/"), None);
        assert_eq!(winner(&routes, "/post"), None);
    }

    #[test]
    fn places_are_decoded() {
        let mut request = received(&Method::GET, "/users/J%C3%BCrgen%20B/x%2Fy%");
        routes(&["/users/{name}/{key}"]).answer(&mut request);
        assert_eq!(request.segment("name"), Some("Jürgen B"));
        assert_eq!(request.segment("key"), Some("x/y%"));
        assert_eq!(request.segment("none"), None);
    }

    #[test]
    fn an_unknown_method_is_not_an_unknown_path() {
        let mut routes = Routes::default();
        routes.add(Some(Method::GET), "/x", Arc::new(|_| Reply::status(200)));
        let status =
            |method: &Method, path| routes.answer(&mut received(method, path)).status.as_u16();
        assert_eq!(status(&Method::GET, "/x"), 200);
        assert_eq!(status(&Method::POST, "/x"), 405);
        assert_eq!(status(&Method::POST, "/y"), 404);
    }

    #[test]
    fn a_script_stays_at_its_last_reply() {
        let handler = script([Reply::status(503), Reply::status(200)]);
        let request = received(&Method::GET, "/");
        let codes: Vec<u16> = (0..3).map(|_| handler(&request).status.as_u16()).collect();
        assert_eq!(codes, [503, 200, 200]);
        assert_eq!(script([])(&request).status, 500);
    }
}
