//! One pull, however many runs it takes: from the first page to the sealed package.

use std::sync::Arc;
use std::time::Duration;

use apiduct_load::{LoadId, LoadIds, State};
use serde_json::Value;

use crate::error::{ErrorClass, RunError};
use crate::event::Event;
use crate::journal::{FORMAT, Head, Journal, Journals, Opened, PendingPull, Target, plan_digest};
use crate::pipeline::{Pipeline, blocking};
use crate::setup::Setup;
use crate::wanted::Wanted;

/// How long a run that is not allowed to go on waits for pages that are under way: they were asked for, and count.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for a run that has failed.
const PATIENCE_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// A pull that a run begins or goes on with.
#[derive(Debug)]
pub(crate) struct Pull {
    pub(crate) load_id: LoadId,
    /// Where its pages are kept; none when the file says that they are not.
    pub(crate) journal: Option<Arc<Journal>>,
    target: Target,
}

/// What a new pull is made of beside its plan; an interrupted one that goes on keeps its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beginning {
    /// What of the state it builds on.
    pub(crate) basis: Value,
    /// Bounds that hold for all runs of the pull.
    pub(crate) bounds: Value,
}

/// Also a run that is dropped in the middle leaves nothing behind that writes into the journal of the next one.
impl Drop for Pull {
    fn drop(&mut self) {
        if let Some(journal) = &self.journal {
            journal.give_up();
        }
    }
}

impl Pull {
    /// The bounds that were fixed when the pull began.
    pub(crate) fn bounds<'p>(&'p self, own: &'p Beginning) -> &'p Value {
        let journal = self.journal.as_ref();
        journal.map_or(&own.bounds, |journal| &journal.head.bounds)
    }
}

impl Pipeline {
    fn journals(&self) -> Journals {
        Journals::of(&self.folder())
    }

    /// Pulls of this pipeline that were broken off, and whose pages are kept for the next run, oldest first.
    ///
    /// # Errors
    /// [`RunError::Journal`] when the folder cannot be read.
    pub fn pending_pulls(&self) -> Result<Vec<PendingPull>, RunError> {
        PendingPull::in_folder(&self.folder(), self.timer.now())
    }

    /// Begins a pull of `wanted`, or goes on with the one that an earlier run of the same left.
    pub(crate) async fn begin_pull(
        &self,
        setup: &Setup,
        wanted: &Wanted,
        before: &State,
        beginning: Beginning,
    ) -> Result<Pull, RunError> {
        let fresh = LoadIds::new(self.seed)
            .after(before.load_id)
            .next(self.timer.as_ref());
        let target = self.target(setup, wanted);
        if !setup.is_resumable {
            return Ok(Pull {
                load_id: fresh,
                journal: None,
                target,
            });
        }
        let head = Head {
            format: FORMAT,
            target: target.clone(),
            plan: plan_digest(&self.plan, wanted),
            load_id: fresh,
            basis: beginning.basis,
            bounds: beginning.bounds,
        };
        let (own, before) = (self.clone(), before.load_id);
        blocking(move || own.open_journal(head, before)).await
    }

    fn target(&self, setup: &Setup, wanted: &Wanted) -> Target {
        let destination = self.destination.as_ref();
        Target {
            destination: destination.map(|one| one.name()).unwrap_or_default(),
            dataset: setup.dataset().to_owned(),
            resources: wanted.loaded().cloned().collect(),
            is_full_refresh: self.options.full_refresh,
        }
    }

    fn open_journal(&self, head: Head, before: Option<LoadId>) -> Result<Pull, RunError> {
        let journals = self.journals();
        let target = head.target.clone();
        if target.is_full_refresh {
            journals.drop_of(&Target {
                is_full_refresh: false,
                ..target.clone()
            })?;
        }
        if let Some((found, pages)) = journals.head(&target)? {
            let why = why_dropped(&found, &head);
            if let Some(why) = why
                && pages > 0
                && !self.options.restart
                && Some(found.load_id) != before
            {
                let s = if pages == 1 { "" } else { "s" };
                let message = format!(
                    "{pages} page{s} that an interrupted run had kept cannot be used any more, because {why}: they are fetched again"
                );
                self.events.event(&Event::Warning { message });
            }
            let is_loaded = Some(found.load_id) == before;
            if why.is_some() || pages == 0 || is_loaded || self.options.restart {
                journals.drop_of(&target)?;
            }
        }
        let fresh = head.load_id;
        let (journal, is_resumed) = match journals.open(head, &self.timer)? {
            Opened::New(journal) => (journal, false),
            Opened::Resumed(journal) => (journal, true),
        };
        // Loads have an order, and other pulls may have been loaded since this one began.
        let load_id = Some(journal.head.load_id)
            .filter(|own| before.is_none_or(|before| *own > before))
            .unwrap_or(fresh);
        if is_resumed {
            self.events.event(&Event::Resumed {
                load_id: load_id.to_string(),
                pages: journal.pages(),
            });
        }
        Ok(Pull {
            load_id,
            journal: Some(journal),
            target,
        })
    }

    /// The pull ends before its time, because of `error`: says what is kept of it.
    pub(crate) async fn break_off(&self, pull: Pull, error: RunError) -> RunError {
        let Some(journal) = &pull.journal else {
            return error;
        };
        let patience = match error.class() {
            ErrorClass::Interrupted => Duration::ZERO,
            ErrorClass::Incomplete => PATIENCE,
            _ => PATIENCE_AFTER_FAILURE,
        };
        // What ended the run is worth more than what went wrong after it.
        let pages = journal.close(self.timer.sleep(patience)).await;
        let pages = pages.unwrap_or_default();
        if pages > 0 {
            self.events.event(&Event::Kept { pages });
        }
        error.with_kept_pages(pages)
    }

    /// The package of the pull is sealed: the pages are needed no more.
    pub(crate) async fn settle(&self, pull: &Pull) -> Result<(), RunError> {
        match &pull.journal {
            Some(journal) => Ok(journal.remove().await?),
            None => Ok(()),
        }
    }

    /// The pull is loaded, and with it all that other pulls of the same resources had kept.
    pub(crate) async fn forget_others(&self, pull: Pull) -> Result<(), RunError> {
        let journals = self.journals();
        blocking(move || Ok(journals.drop_within(&pull.target)?)).await
    }
}

/// Why the pages of `found` are no part of the pull that `new` describes.
fn why_dropped(found: &Head, new: &Head) -> Option<&'static str> {
    if found.plan != new.plan {
        return Some("the file asks for something else by now");
    }
    (found.basis != new.basis).then_some("other rows were loaded since")
}
