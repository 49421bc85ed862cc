//! Which resources a run fetches, and which of them it loads.

use std::collections::BTreeSet;

use apiduct_config::Plan;
use apiduct_model::{ResourceName, WriteDisposition};

use crate::error::RunError;
use crate::options::RunOptions;

/// The resources of a run, by their index in the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// All that are fetched: those that are loaded, and the parents that they need. Parents come first.
    pub(crate) fetched: BTreeSet<usize>,
    loaded: BTreeSet<usize>,
    names: Vec<ResourceName>,
    replaced: Vec<ResourceName>,
    parents: Vec<Vec<usize>>,
    /// Incremental resources of whose tree only a part is loaded; their cursors stay.
    held: Vec<ResourceName>,
    is_full_refresh: bool,
}

impl Wanted {
    pub(crate) fn new(plan: &Plan, options: &RunOptions) -> Result<Self, RunError> {
        let names: Vec<ResourceName> = plan.resources.iter().map(|one| one.name.clone()).collect();
        if let Some(name) = options
            .select
            .iter()
            .find(|name| plan.resource(name).is_none())
        {
            return Err(RunError::UnknownResource {
                name: name.clone(),
                known: names,
            });
        }
        let is_wanted = |at: &usize| {
            let resource = &plan.resources[*at];
            if options.select.is_empty() {
                resource.is_loaded()
            } else {
                options
                    .select
                    .iter()
                    .any(|name| resource.name == *name.as_str())
            }
        };
        let is_replaced =
            |disposition| options.full_refresh || disposition == WriteDisposition::Replace;
        let replaced = plan
            .resources
            .iter()
            .filter(|one| is_replaced(one.write_disposition));
        let replaced = replaced.map(|one| one.name.clone()).collect();
        let wanted = Self {
            fetched: BTreeSet::new(),
            loaded: (0..names.len()).filter(is_wanted).collect(),
            parents: plan
                .resources
                .iter()
                .map(|one| one.parents.clone())
                .collect(),
            names,
            replaced,
            held: Vec::new(),
            is_full_refresh: options.full_refresh,
        };
        Ok(wanted.with_parents())
    }

    /// Looks after the cursors of incremental resources of which, with all below them, a part only is loaded. Such a
    /// cursor may not move, or the rest would never be fetched; so rows come again, which only `merge` bears.
    pub(crate) fn whole_or_held(mut self, plan: &Plan) -> Result<Self, RunError> {
        for (at, one) in plan.resources.iter().enumerate() {
            if one.incremental.is_none() || !self.fetched.contains(&at) {
                continue;
            }
            let belongs = |below: &usize| *below == at || plan.above(*below).contains(&at);
            let (loaded, missing): (Vec<usize>, Vec<usize>) = (0..plan.resources.len())
                .filter(|below| plan.resources[*below].is_loaded() && belongs(below))
                .partition(|below| self.loaded.contains(below));
            if loaded.is_empty() || missing.is_empty() {
                continue;
            }
            let disposition = |below: &usize| plan.resources[*below].write_disposition;
            if loaded
                .iter()
                .any(|below| disposition(below) != WriteDisposition::Merge)
            {
                let names = |all: Vec<usize>| all.into_iter().map(|at| self.names[at].clone());
                return Err(RunError::SplitTree {
                    resource: one.name.clone(),
                    loaded: names(loaded).collect(),
                    missing: names(missing).collect(),
                });
            }
            self.held.push(one.name.clone());
        }
        Ok(self)
    }

    /// Whether the cursor of `resource` stays where it is.
    pub(crate) fn is_held(&self, resource: &ResourceName) -> bool {
        self.held.contains(resource)
    }

    fn with_parents(mut self) -> Self {
        self.fetched.clone_from(&self.loaded);
        let mut left: Vec<usize> = self.loaded.iter().copied().collect();
        while let Some(at) = left.pop() {
            for parent in &self.parents[at] {
                if self.fetched.insert(*parent) {
                    left.push(*parent);
                }
            }
        }
        self
    }

    /// Without the resources that have been delivered already, unless everything is to be fetched anew.
    pub(crate) fn without(mut self, delivered: &[ResourceName]) -> Self {
        if !self.is_full_refresh {
            let names = &self.names;
            self.loaded.retain(|at| !delivered.contains(&names[*at]));
        }
        self.with_parents()
    }

    /// What is left of a run once its first window is loaded: the resources of which `has_more` is true, with all below
    /// them. Earlier rows stay: they are those of the windows before.
    pub(crate) fn windowed(&self, has_more: &dyn Fn(&ResourceName) -> bool) -> Self {
        let mut next = self.clone();
        next.loaded.retain(|at| self.has_above(*at, has_more));
        next.replaced.clear();
        next.with_parents()
    }

    /// Whether `holds` is true of the resource at `at`, or of one above it.
    fn has_above(&self, at: usize, holds: &dyn Fn(&ResourceName) -> bool) -> bool {
        holds(&self.names[at])
            || self.parents[at]
                .iter()
                .any(|parent| self.has_above(*parent, holds))
    }

    /// What a backfill can load: the resources that load incrementally, with all below them.
    pub(crate) fn backfilled(&self, plan: &Plan) -> Result<Self, RunError> {
        let is_incremental = |name: &ResourceName| {
            plan.resource(name)
                .is_some_and(|one| one.incremental.is_some())
        };
        let next = self.windowed(&is_incremental);
        if next.is_empty() {
            return Err(RunError::NothingToBackfill);
        }
        let replaced = next.loaded().find(|name| self.is_replaced(name)).cloned();
        match replaced {
            Some(resource) => Err(RunError::BackfillReplaces { resource }),
            None => Ok(next),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    pub(crate) fn is_loaded(&self, at: usize) -> bool {
        self.loaded.contains(&at)
    }

    /// The resources whose rows are loaded.
    pub(crate) fn loaded(&self) -> impl Iterator<Item = &ResourceName> {
        self.loaded.iter().map(|at| &self.names[*at])
    }

    /// Whether earlier rows of `resource` go away.
    pub(crate) fn is_replaced(&self, resource: &ResourceName) -> bool {
        self.replaced.contains(resource)
    }

    /// The loaded resources whose earlier rows go away.
    pub(crate) fn replaced(&self) -> impl Iterator<Item = &ResourceName> {
        self.loaded().filter(|name| self.replaced.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use apiduct_config::Format;

    use super::*;

    const FILE: &str = "
name: shop
client: {base_url: https://api.example.com}
resources:
  - {name: orders, selected: false}
  - {name: lines, endpoint: {path: 'orders/{resources.orders.id}/lines'}, write_disposition: replace}
  - users
";

    fn wanted(options: &RunOptions) -> Wanted {
        let plan = Plan::parse(FILE, Format::Yaml, "shop.yaml").unwrap();
        Wanted::new(&plan, options).unwrap()
    }

    fn names(wanted: &Wanted) -> (Vec<&str>, Vec<&str>) {
        let fetched = wanted
            .fetched
            .iter()
            .map(|at| wanted.names[*at].as_str())
            .collect();
        (fetched, wanted.loaded().map(ResourceName::as_str).collect())
    }

    #[test]
    fn parents_are_fetched_and_not_loaded_when_only_their_children_are_wanted() {
        assert_eq!(
            names(&wanted(&RunOptions::default())),
            (vec!["orders", "lines", "users"], vec!["lines", "users"])
        );
        let select = vec!["lines".to_owned()];
        assert_eq!(
            names(&wanted(&RunOptions {
                select,
                ..RunOptions::default()
            })),
            (vec!["orders", "lines"], vec!["lines"])
        );
    }

    #[test]
    fn a_delivered_resource_and_its_parent_are_left_out() {
        let delivered = ["lines".into()];
        assert_eq!(
            names(&wanted(&RunOptions::default()).without(&delivered)),
            (vec!["users"], vec!["users"])
        );
        let full_refresh = RunOptions {
            full_refresh: true,
            ..RunOptions::default()
        };
        assert_eq!(
            names(&wanted(&full_refresh).without(&delivered)).1,
            ["lines", "users"]
        );
    }

    #[test]
    fn a_full_refresh_replaces_what_is_loaded() {
        let replaced = |full_refresh| {
            let wanted = wanted(&RunOptions {
                full_refresh,
                ..RunOptions::default()
            });
            wanted
                .replaced()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(replaced(false), ["lines"]);
        assert_eq!(replaced(true), ["lines", "users"]);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        use apiduct_model::Hint;

        let plan = Plan::parse(FILE, Format::Yaml, "shop.yaml").unwrap();
        let options = RunOptions {
            select: vec!["line".to_owned()],
            ..RunOptions::default()
        };
        let error = Wanted::new(&plan, &options).unwrap_err();
        assert_eq!(error.to_string(), "there is no resource `line`");
        assert_eq!(
            error.hint().unwrap(),
            "the file has `orders`, `lines`, `users`"
        );
    }
}
