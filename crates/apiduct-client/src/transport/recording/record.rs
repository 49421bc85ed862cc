use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use apiduct_model::{Redactor, format_timestamp};
use async_trait::async_trait;

use super::entry::{Entry, natural};
use super::mask::Masks;
use super::{Head, RecordingError, VERSION};
use crate::transport::{Limits, PreparedRequest, RawResponse, Transport, TransportError};

/// Writes exchanges to a file, which appears when [`Recorder::finish`] is called.
///
/// Until then they go, masked, to a file beside it whose name ends in `.part`; bodies are not kept in memory. Without
/// `finish` nothing appears. Clones write to the same file.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    part: PathBuf,
    recorded_at: String,
    masks: Masks,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// None when there is nothing to write to any more.
    out: Option<BufWriter<File>>,
    written: u64,
    begun: u64,
    places: Vec<Place>,
    failed: Option<io::Error>,
}

/// Where an exchange stands in the file in the making.
#[derive(Debug)]
struct Place {
    key: String,
    /// The number of its request.
    begun: u64,
    offset: u64,
    bytes: usize,
}

impl Place {
    fn order(&self, other: &Self) -> Ordering {
        natural(&self.key, &other.key).then(self.begun.cmp(&other.begun))
    }
}

impl Recorder {
    /// Begins a recording at `path`, which is replaced at its end; `redactor` knows the secrets, also those that are
    /// obtained later; `now` is the time that a replay begins with.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Write`] when nothing can be written beside `path`, or `path` is a folder.
    pub fn create(
        path: impl Into<PathBuf>,
        redactor: Redactor,
        now: SystemTime,
    ) -> Result<Self, RecordingError> {
        let path = path.into();
        let part = with_ending(&path, ".part");
        let failed = |source| RecordingError::Write {
            path: path.clone(),
            source,
        };
        if path.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let out = File::create(&part).map_err(failed)?;
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Ok(Self(Arc::new(Shared {
            path,
            part,
            recorded_at: format_timestamp(micros),
            masks: Masks::new(redactor),
            state: Mutex::new(State {
                out: Some(BufWriter::new(out)),
                ..State::default()
            }),
        })))
    }

    /// A transport that sends by `inner` and writes down what it sees.
    pub fn around(&self, inner: Arc<dyn Transport>) -> RecordingTransport {
        RecordingTransport {
            inner,
            recorder: self.clone(),
        }
    }

    /// Gives the recording its name and says how many exchanges are in it. What comes later is not recorded.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Write`], also for an exchange that could not be written earlier. No recording appears then, and
    /// an older one stays.
    pub fn finish(&self) -> Result<usize, RecordingError> {
        let failed = |source| RecordingError::Write {
            path: self.0.path.clone(),
            source,
        };
        let mut state = self.0.state();
        let out = state.out.take();
        if let Some(error) = state.failed.take() {
            return Err(failed(error));
        }
        let places = std::mem::take(&mut state.places);
        drop(state);
        let Some(mut out) = out else {
            return Ok(0);
        };
        let count = places.len();
        let written = out.flush().and_then(|()| self.0.sort(places));
        written.map_err(failed)?;
        Ok(count)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `entry`; what goes wrong is told at the end.
    fn write(&self, begun: u64, entry: &Entry) {
        let key = entry.request.key();
        let line = serde_json::to_vec(entry).map_err(io::Error::from);
        let mut state = self.state();
        let Some(out) = &mut state.out else {
            return;
        };
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            out.write_all(&line).map(|()| line.len())
        });
        match written {
            Ok(bytes) => {
                let offset = state.written;
                state.written += bytes as u64;
                state.places.push(Place {
                    key,
                    begun,
                    offset,
                    bytes,
                });
            }
            Err(error) => {
                state.out = None;
                state.failed = Some(error);
            }
        }
    }

    /// Puts the exchanges into their final order, in a file of the final name.
    fn sort(&self, mut places: Vec<Place>) -> io::Result<()> {
        places.sort_by(Place::order);
        let sorted = with_ending(&self.path, ".sorted");
        let outcome = self.copy(&places, &sorted);
        let outcome = outcome.and_then(|()| fs::rename(&sorted, &self.path));
        if outcome.is_err() {
            let _ = fs::remove_file(&sorted);
        }
        let _ = fs::remove_file(&self.part);
        outcome
    }

    fn copy(&self, places: &[Place], sorted: &Path) -> io::Result<()> {
        let mut part = File::open(&self.part)?;
        let mut out = BufWriter::new(File::create(sorted)?);
        let head = Head {
            apiduct_recording: VERSION,
            recorded_at: self.recorded_at.clone(),
        };
        serde_json::to_writer(&mut out, &head)?;
        out.write_all(b"\n")?;
        let mut line = String::new();
        for place in places {
            part.seek(SeekFrom::Start(place.offset))?;
            line.clear();
            let length = place.bytes as u64;
            Read::by_ref(&mut part)
                .take(length)
                .read_to_string(&mut line)?;
            if self.masks.is_late(&line) {
                let mut entry: Entry = serde_json::from_str(&line)?;
                self.masks.again(&mut entry);
                serde_json::to_writer(&mut out, &entry)?;
                out.write_all(b"\n")?;
            } else {
                out.write_all(line.as_bytes())?;
            }
        }
        out.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // After `finish` there is none. A recording that was not finished is worth nothing.
        let _ = fs::remove_file(&self.part);
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Sends by another transport and writes down what it sees; made by [`Recorder::around`].
#[derive(Debug)]
pub struct RecordingTransport {
    inner: Arc<dyn Transport>,
    recorder: Recorder,
}

impl RecordingTransport {
    async fn exchange(
        &self,
        request: PreparedRequest,
        limits: &Limits,
        is_login: bool,
    ) -> Result<RawResponse, TransportError> {
        let shared = &self.recorder.0;
        let begun = {
            let mut state = shared.state();
            state.begun += 1;
            state.begun
        };
        let asked = request.clone();
        let outcome = if is_login {
            self.inner.send_login(request, limits).await
        } else {
            self.inner.send(request, limits).await
        };
        // A request that was held back is none.
        if matches!(
            outcome,
            Err(TransportError::Quota | TransportError::Paused { .. })
        ) {
            return outcome;
        }
        let entry = Entry {
            request: shared.masks.request(&asked, is_login),
            response: outcome
                .as_ref()
                .ok()
                .map(|response| shared.masks.response(response, is_login)),
            failure: outcome
                .as_ref()
                .err()
                .map(|error| shared.masks.text(&error.to_string())),
        };
        shared.write(begun, &entry);
        outcome
    }
}

#[async_trait]
impl Transport for RecordingTransport {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.exchange(request, limits, false).await
    }

    async fn send_login(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.exchange(request, limits, true).await
    }

    fn is_replay(&self) -> bool {
        self.inner.is_replay()
    }
}
