//! How many requests a run needs and how long it takes, as far as the first pages tell.

use std::time::Duration;

use apiduct_client::Page;
use apiduct_client::paginate::{Step, Total};
use apiduct_config::Plan;
use apiduct_config::plan::ResourcePlan;
use apiduct_config::spec::ForEachMode;
use apiduct_model::ResourceName;
use indexmap::IndexMap;
use serde::Serialize;

use crate::preview::ResourceCheck;

/// What the first page of a list says about the pages behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstPage {
    /// Records on it.
    pub rows: u64,
    /// How much there is in all, where the API says so.
    pub total: Option<Total>,
    /// Whether nothing comes after it.
    pub is_last: bool,
    /// Whether the pages behind it can be asked for side by side.
    pub is_ahead: bool,
    /// Time from its request to its end, retries included.
    pub elapsed: Duration,
}

impl FirstPage {
    /// Asks `page`, and the paginator that leads on from it.
    pub(crate) fn of(page: &Page) -> Self {
        let paginator = page.paginator();
        let after = paginator.map(|one| one.advance(&page.position, page));
        Self {
            rows: page.raw_records().len() as u64,
            total: paginator.and_then(|one| one.total(page)),
            is_last: matches!(after, None | Some(Ok(Step::Done(_)))),
            is_ahead: paginator.is_some_and(|one| one.ahead(&page.position, page, 1).is_some()),
            elapsed: page.response.elapsed,
        }
    }

    /// `rows` rows that need no request; `is_all` if there are no more.
    pub(crate) fn of_seed(rows: u64, is_all: bool) -> Self {
        Self {
            rows,
            total: None,
            is_last: is_all,
            is_ahead: false,
            elapsed: Duration::ZERO,
        }
    }
}

/// How much a number is worth, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// It follows from what came.
    Exact,
    /// It follows from a total of the API, or from the first of several parents.
    About,
    /// More may come: nothing says how much there is.
    AtLeast,
}

impl Certainty {
    /// The words in front of the number, with a space behind them.
    pub fn words(self) -> &'static str {
        match self {
            Self::Exact => "",
            Self::About => "about ",
            Self::AtLeast => "at least ",
        }
    }
}

/// What a resource needs, retries left aside. An incremental load is taken for the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Requests.
    pub requests: u64,
    /// Rows, before steps drop any.
    pub rows: u64,
    /// What both numbers are worth.
    pub certainty: Certainty,
}

/// What a run needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEstimate {
    /// By resource, in order; those that nothing is known about are left out.
    pub resources: IndexMap<ResourceName, Estimate>,
    /// Requests in all.
    pub requests: u64,
    /// What the numbers are worth.
    pub certainty: Certainty,
    /// The time of these requests, as long as the first answers took, under the declared rate limits.
    pub time: Duration,
}

impl RunEstimate {
    /// Estimates from what `checks` of `plan` brought.
    pub(crate) fn new(plan: &Plan, checks: &[ResourceCheck]) -> Self {
        let mut first = IndexMap::new();
        let mut certainty = Certainty::Exact;
        for check in checks {
            match &check.outcome {
                Ok(found) => first.extend(found.first_pages.clone()),
                Err(_) => certainty = Certainty::AtLeast,
            }
        }
        let mut resources = IndexMap::new();
        let (mut busy, mut longest) = (Duration::ZERO, Duration::ZERO);
        for resource in &plan.resources {
            let Some(page) = first.get(&resource.name) else {
                continue;
            };
            let Some(estimate) = estimate(plan, resource, page, &resources) else {
                certainty = Certainty::AtLeast;
                continue;
            };
            let of_all = times(page.elapsed, estimate.requests);
            let is_wide = page.is_ahead && resource.parallel || !resource.parents.is_empty();
            let most = resource.concurrency.map_or(u32::MAX, bound);
            let width = if is_wide { width(plan).min(most) } else { 1 };
            busy += of_all;
            longest = longest.max(of_all / width);
            certainty = certainty.max(estimate.certainty);
            resources.insert(resource.name.clone(), estimate);
        }
        let requests = resources
            .values()
            .fold(0_u64, |sum, one| sum.saturating_add(one.requests));
        let windows = plan.runtime.rate_limit.iter();
        let allowed = windows
            .map(|one| {
                times(
                    one.per,
                    requests.saturating_sub(1) / u64::from(one.requests),
                )
            })
            .max()
            .unwrap_or_default();
        Self {
            resources,
            requests,
            certainty,
            time: allowed.max(longest).max(busy / width(plan)),
        }
    }
}

fn width(plan: &Plan) -> u32 {
    bound(plan.runtime.concurrency)
}

fn bound(concurrency: usize) -> u32 {
    u32::try_from(concurrency).unwrap_or(u32::MAX).max(1)
}

fn times(one: Duration, count: u64) -> Duration {
    one.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What `resource` needs; `None` when nothing is known about a parent.
fn estimate(
    plan: &Plan,
    resource: &ResourcePlan,
    first: &FirstPage,
    parents: &IndexMap<ResourceName, Estimate>,
) -> Option<Estimate> {
    let own = one_list(resource, first);
    let lists = lists(plan, resource, parents)?;
    let requests = if resource.seed.is_some() {
        0
    } else if resource.job.is_some() {
        // It is asked for, looked after, and fetched.
        own.requests.saturating_add(2)
    } else {
        own.requests
    };
    let of_job = match resource.job {
        Some(_) => Certainty::AtLeast,
        None => Certainty::Exact,
    };
    Some(Estimate {
        requests: requests.saturating_mul(lists.requests),
        rows: own.rows.saturating_mul(lists.requests),
        certainty: own.certainty.max(lists.certainty).max(of_job),
    })
}

/// What one list needs, for one parent or for none.
fn one_list(resource: &ResourcePlan, first: &FirstPage) -> Estimate {
    let on_page = first.rows.max(1);
    let (requests, rows, certainty) = match first.total {
        _ if first.is_last => (1, first.rows, Certainty::Exact),
        Some(Total::Records(total)) => (total.div_ceil(on_page), total, Certainty::About),
        Some(Total::Pages(total)) => (total, total.saturating_mul(on_page), Certainty::About),
        Some(Total::Unclear(total)) => (total.div_ceil(on_page), total, Certainty::AtLeast),
        None => (2, first.rows, Certainty::AtLeast),
    };
    let most_rows = resource.max_records.unwrap_or(u64::MAX);
    let most_pages = resource.max_pages.unwrap_or(u64::MAX);
    let most_requests = most_pages.min(most_rows.div_ceil(on_page)).max(1);
    let is_windowed = resource
        .incremental
        .as_ref()
        .is_some_and(|one| one.window.is_some());
    Estimate {
        requests: requests.clamp(1, most_requests),
        rows: rows.min(most_rows).min(most_pages.saturating_mul(on_page)),
        certainty: match certainty {
            _ if is_windowed => Certainty::AtLeast,
            // A bound that is met for sure says how much there is.
            Certainty::AtLeast if most_requests <= requests => Certainty::About,
            certainty => certainty,
        },
    }
}

/// How many lists `resource` reads (in `requests`): one, or one for each row or batch of rows of its parents.
fn lists(
    plan: &Plan,
    resource: &ResourcePlan,
    known: &IndexMap<ResourceName, Estimate>,
) -> Option<Estimate> {
    let parents = resource.parents.iter();
    let parents = parents.map(|at| known.get(&plan.resources[*at].name));
    let parents: Vec<&Estimate> = parents.collect::<Option<_>>()?;
    let rows = parents.iter().map(|one| one.rows);
    let combined = match resource.for_each.mode {
        Some(ForEachMode::Zip) => rows.min(),
        // As if one side had one row for each value.
        Some(ForEachMode::Join) => rows.max(),
        _ => rows.reduce(u64::saturating_mul),
    };
    let Some(rows) = combined else {
        return Some(Estimate {
            requests: 1,
            rows: 0,
            certainty: Certainty::Exact,
        });
    };
    let size = resource
        .for_each
        .batch
        .as_ref()
        .map_or(1, |batch| batch.size as u64);
    let has_steps = resource
        .parents
        .iter()
        .any(|at| !plan.resources[*at].steps.is_empty());
    let worst = parents.iter().map(|one| one.certainty).max();
    let is_sampled = rows > 1 || size > 1 || has_steps || resource.for_each.distinct;
    Some(Estimate {
        requests: rows.div_ceil(size.max(1)),
        rows,
        certainty: worst.unwrap_or(Certainty::Exact).max(if is_sampled {
            Certainty::About
        } else {
            Certainty::Exact
        }),
    })
}

#[cfg(test)]
mod tests;
