//! Recorded traffic: every exchange of a run in a file, and runs that are answered from it, without a network.
//!
//! A recording is JSON lines: a first line that says what it is and when it was made, then one exchange a line, sorted
//! by URL so that two recordings of one source compare well. Bodies stand there byte by byte, as JSON or text where they
//! are that, else as Base64.
//!
//! **Secrets are not in it.** What a [`Redactor`] knows is masked wherever it shows, and so is what stands in headers and
//! parameters that usually hold a credential. Of what a server answers to a login only names and lifetimes are kept. A
//! replay needs no secret: requests are sent without credentials, and masked parts are not compared.
//!
//! ```
//! use apiduct_client::Client;
//! use apiduct_client::transport::ReqwestTransport;
//! use apiduct_client::transport::recording::{Recorder, ReplayTransport};
//! use apiduct_model::Redactor;
//! use std::sync::Arc;
//! use std::time::SystemTime;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! # let folder = tempfile::tempdir()?;
//! # let api = apiduct_testkit::MockApi::builder().json("/items", &serde_json::json!([{"id": 1}])).start();
//! # let url = api.base_url().to_owned();
//! let file = folder.path().join("items.jsonl");
//! let redactor = Redactor::default();
//! let recorder = Recorder::create(&file, redactor.clone(), SystemTime::UNIX_EPOCH)?;
//! let transport = recorder.around(Arc::new(ReqwestTransport::builder().build()?));
//! let client = Client::builder(&url).redactor(redactor).transport(transport).build()?;
//! client.get("/items").send().await?;
//! assert_eq!(recorder.finish()?, 1);
//! # drop(api);
//!
//! let replay = ReplayTransport::open(&file, Redactor::default())?;
//! let client = Client::builder(&url).transport(replay).build()?;
//! assert_eq!(client.get("/items").send().await?.body, "[{\"id\":1}]");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! [`Redactor`]: apiduct_model::Redactor

mod entry;
mod error;
mod mask;
mod record;
mod replay;
mod timer;

pub use error::RecordingError;
pub use record::{Recorder, RecordingTransport};
pub use replay::ReplayTransport;
pub use timer::ReplayTimer;

/// The version of the form that is written.
const VERSION: u32 = 1;

/// The first line of a recording.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Head {
    /// The version of the form.
    apiduct_recording: u32,
    /// When it was begun, in UTC.
    recorded_at: String,
}
