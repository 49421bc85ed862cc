//! The runtime behind the calls that wait.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::Error;

/// Runs what is to be waited for.
#[derive(Debug)]
pub(super) struct Driver {
    /// Taken when the driver goes: only then a runtime ends without waiting for its threads.
    runtime: Option<Runtime>,
}

impl Driver {
    pub(super) fn start() -> Result<Arc<Self>, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("apiduct-blocking")
            .enable_all()
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Arc::new(Self {
            runtime: Some(runtime),
        }))
    }

    /// Waits for `work`.
    ///
    /// # Errors
    ///
    /// When this thread belongs to an async runtime.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        if Handle::try_current().is_ok() {
            return Err(refused(
                "this thread runs async code, which would stand still; use `apiduct::Client` there"
                    .to_owned(),
            ));
        }
        match &self.runtime {
            Some(runtime) => Ok(runtime.block_on(work)),
            None => Err(Error::Canceled),
        }
    }
}

/// Waiting for the threads would panic in async code, and is of no use elsewhere.
impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn refused(problem: String) -> Error {
    Error::Setting {
        setting: "`apiduct::blocking`",
        problem,
    }
}
