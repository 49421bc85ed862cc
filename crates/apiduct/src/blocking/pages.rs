//! Walks over pages that wait.

use std::sync::Arc;

use super::driver::Driver;
use super::mirror_request;
use crate::client::Findings;
use crate::paginate::{Position, Reason};
use crate::{Error, Page};

/// A walk over the pages of a list that is being described; the same as [`crate::PaginateBuilder`].
#[derive(Debug)]
#[must_use = "a walk does nothing before `send`"]
pub struct PaginateBuilder {
    inner: crate::PaginateBuilder,
    driver: Result<Arc<Driver>, Error>,
}

impl PaginateBuilder {
    pub(super) fn new(inner: crate::PaginateBuilder, driver: Result<Arc<Driver>, Error>) -> Self {
        Self { inner, driver }
    }

    mirror_request!("PaginateBuilder");

    super::mirror! { "PaginateBuilder":
        method(method: http::Method);
        paginator(paginator: impl crate::paginate::Paginator + 'static);
        detect_paginator();
        data_selector(selector: &str);
        selector(selector: Option<crate::json::Selector>);
        allow_missing(allow: bool);
        max_pages(pages: u64);
        prefetch(prefetch: bool);
        resume_at(position: Position);
        allow_repeats(allow: bool);
        parallel(parallel: bool);
        window(pages: usize);
        window_bytes(bytes: usize);
        record_key(key: impl IntoIterator<Item = crate::json::Selector>);
    }

    /// Applies setters of [`crate::PaginateBuilder`], also those that have no mirror here.
    pub fn with(
        mut self,
        set: impl FnOnce(crate::PaginateBuilder) -> crate::PaginateBuilder,
    ) -> Self {
        self.inner = set(self.inner);
        self
    }

    /// Begins the walk. Nothing is sent before the first page is asked for, which also reports mistakes.
    pub fn send(self) -> Pages {
        Pages {
            inner: self.inner.send(),
            driver: self.driver.map_err(Some),
        }
    }
}

/// The pages of a list, one after another; ends after its first error.
///
/// While the program looks at a page, the next one is fetched.
#[derive(Debug)]
pub struct Pages {
    inner: crate::Pages,
    /// The error is taken when it is reported.
    driver: Result<Arc<Driver>, Option<Error>>,
}

impl Pages {
    /// How records and pages are found; `None` before the first page.
    pub fn findings(&self) -> Option<&Findings> {
        self.inner.findings()
    }

    /// Why there are no more pages; `None` while there may be some, and after an error.
    pub fn end(&self) -> Option<&Reason> {
        self.inner.end()
    }

    /// Where the page after the last one handed out is; `None` when there is none, and before the first page.
    pub fn next_position(&self) -> Option<&Position> {
        self.inner.next_position()
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let waited = match &mut self.driver {
            Ok(driver) => driver.wait(self.inner.next()),
            Err(error) => return error.take().map(Err),
        };
        match waited {
            Ok(page) => page.transpose(),
            Err(error) => {
                self.driver = Err(None);
                Some(Err(error))
            }
        }
    }
}
