use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apiduct_model::{MASK, Redactor, parse_timestamp};
use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::entry::{Answered, Entry, Recorded, matches};
use super::mask::Masks;
use super::{Head, RecordingError, VERSION};
use crate::error::Cause;
use crate::transport::{Limits, PreparedRequest, RawResponse, Transport, TransportError};

/// Answers requests from a recording; opens no socket.
///
/// A request gets the answer of the recorded one with the same method, URL and body; headers do not count, nor do parts
/// that are masked. Requests that were made several times are answered in the order of the recording, then again with
/// the last answer. Failures of the connection are not repeated, unless nothing else was recorded. Clients send no
/// credentials by it.
#[derive(Debug)]
pub struct ReplayTransport {
    path: PathBuf,
    recorded_at: SystemTime,
    masks: Masks,
    file: Mutex<File>,
    answers: HashMap<String, Answers>,
    /// The keys with masks in them.
    patterns: Vec<String>,
}

/// What was answered to one request.
#[derive(Debug, Default)]
struct Answers {
    /// Where the answers stand in the file, in their order.
    places: Vec<(u64, usize)>,
    failure: Option<String>,
    next: Mutex<usize>,
}

impl ReplayTransport {
    /// Reads where in the recording at `path` everything stands; bodies are read when they are asked for. `redactor`
    /// knows the secrets in the requests to come, if there are any.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] when there is no such file, or it is no recording.
    pub fn open(path: impl Into<PathBuf>, redactor: Redactor) -> Result<Self, RecordingError> {
        let path = path.into();
        let unreadable = |source| RecordingError::Read {
            path: path.clone(),
            source,
        };
        let file = File::open(&path).map_err(unreadable)?;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        let mut offset = reader.read_until(b'\n', &mut line).map_err(unreadable)? as u64;
        let Some(recorded_at) = recorded_at(&line) else {
            return Err(RecordingError::Unknown { path });
        };
        let mut answers: HashMap<String, Answers> = HashMap::new();
        for number in 2.. {
            line.clear();
            let bytes = reader.read_until(b'\n', &mut line).map_err(unreadable)?;
            if bytes == 0 {
                break;
            }
            if !line.trim_ascii().is_empty() {
                let entry: Entry =
                    serde_json::from_slice(&line).map_err(|source| RecordingError::Line {
                        path: path.clone(),
                        line: number,
                        source,
                    })?;
                let answers = answers.entry(entry.request.key()).or_default();
                if entry.response.is_some() {
                    answers.places.push((offset, bytes));
                }
                answers.failure = entry.failure.or(answers.failure.take());
            }
            offset += bytes as u64;
        }
        let patterns = answers.keys().filter(|key| key.contains(MASK)).cloned();
        Ok(Self {
            recorded_at,
            masks: Masks::new(redactor),
            patterns: patterns.collect(),
            answers,
            file: Mutex::new(file),
            path,
        })
    }

    /// When the recording was begun.
    pub fn recorded_at(&self) -> SystemTime {
        self.recorded_at
    }

    fn answer(
        &self,
        request: &PreparedRequest,
        limits: &Limits,
        is_login: bool,
    ) -> Result<RawResponse, TransportError> {
        let sent = self.masks.request(request, is_login);
        let key = sent.key();
        let Some(answers) = self.answers(&key) else {
            return Err(TransportError::NotRecorded {
                request: format!("{} {}", sent.method, sent.url),
                nearest: self.nearest(&key),
            });
        };
        let Some((offset, bytes)) = answers.take() else {
            let recorded = answers.failure.as_deref().unwrap_or("no answer");
            return Err(other(format!("as recorded: {recorded}")));
        };
        let answered = self.read(offset, bytes);
        let answered =
            answered.map_err(|error| other(format!("`{}`: {error}", self.path.display())))?;
        let response = response(&answered).map_err(other)?;
        if response.body.len() as u64 > limits.max_response_bytes {
            return Err(TransportError::TooLarge {
                limit: limits.max_response_bytes,
            });
        }
        Ok(response)
    }

    /// The answers to requests like `key`, or to those in which a masked part stands for what differs.
    fn answers(&self, key: &str) -> Option<&Answers> {
        self.answers.get(key).or_else(|| {
            let fitting = self.patterns.iter().filter(|pattern| matches(pattern, key));
            // The longer one says more.
            let best = fitting.max_by_key(|pattern| (pattern.len(), pattern.as_str()))?;
            self.answers.get(best)
        })
    }

    fn read(&self, offset: u64, bytes: usize) -> io::Result<Answered> {
        let mut line = vec![0; bytes];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut line)?;
        drop(file);
        let entry: Entry = serde_json::from_slice(&line)?;
        entry
            .response
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// The recorded request that has most in common with `key`, seen from both ends.
    fn nearest(&self, key: &str) -> Option<String> {
        let in_common = |other: &str| {
            let same = |one: (char, char)| one.0 == one.1;
            let front = key.chars().zip(other.chars());
            let back = key.chars().rev().zip(other.chars().rev());
            front.take_while(|pair| same(*pair)).count()
                + back.take_while(|pair| same(*pair)).count()
        };
        let keys = self.answers.keys();
        let best =
            keys.max_by_key(|other| (in_common(other), std::cmp::Reverse(other.as_str())))?;
        Some(best.chars().take(300).collect())
    }
}

impl Answers {
    /// The next place; the last one stays.
    fn take(&self) -> Option<(u64, usize)> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let last = self.places.len().checked_sub(1)?;
        let place = self.places[(*next).min(last)];
        *next += 1;
        Some(place)
    }
}

fn other(text: String) -> TransportError {
    TransportError::Other {
        source: Cause::new(text),
    }
}

/// When a recording with this first line was begun; `None` when it is none.
fn recorded_at(line: &[u8]) -> Option<SystemTime> {
    let head: Head = serde_json::from_slice(line).ok()?;
    let micros = parse_timestamp(&head.recorded_at)?;
    let since = Duration::from_micros(u64::try_from(micros).ok()?);
    (head.apiduct_recording == VERSION).then_some(UNIX_EPOCH + since)
}

fn response(answered: &Answered) -> Result<RawResponse, String> {
    let status = StatusCode::from_u16(answered.status);
    let status = status.map_err(|_| format!("status {} is none", answered.status))?;
    let body = match &answered.body {
        Some(body) => Recorded::bytes(body).ok_or("a body is not Base64")?,
        None => bytes::Bytes::new(),
    };
    Ok(RawResponse {
        status,
        headers: headers(&answered.headers)?,
        body,
        wire_bytes: None,
    })
}

fn headers(recorded: &Map<String, Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in recorded {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let pair = HeaderName::try_from(name).ok().zip(
                value
                    .as_str()
                    .and_then(|text| HeaderValue::try_from(text).ok()),
            );
            let (name, value) = pair.ok_or_else(|| format!("`{name}` is no header"))?;
            headers.append(name, value);
        }
    }
    Ok(headers)
}

#[async_trait]
impl Transport for ReplayTransport {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.answer(&request, limits, false)
    }

    async fn send_login(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.answer(&request, limits, true)
    }

    fn is_replay(&self) -> bool {
        true
    }
}
