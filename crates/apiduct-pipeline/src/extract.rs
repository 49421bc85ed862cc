//! All resources of a run: trees of parents and children, side by side.

use std::collections::HashMap;
use std::sync::Arc;

use apiduct_config::plan::{ForEachPlan, Tolerance};
use apiduct_model::{ResourceName, Schema, TableName};
use apiduct_normalize::Options;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use indexmap::IndexMap;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::error::RunError;
use crate::event::{Event, EventSink};
use crate::failed::Letter;
use crate::feed::{Counters, Feed, MakeRequest};
use crate::fields::ParentFields;
use crate::incremental::Progress;
use crate::parents::{Inlet, Parents};
use crate::receipt::ResourceReceipt;
use crate::seed::SeedRows;
use crate::sink::BatchSink;
use crate::worker::{Alive, Children, ParentRows, Rows, Worker};

/// Batches of parent records that wait for a child.
const WAITING_PARENTS: usize = 2;

/// Trees of resources that are fetched at the same time. Requests in flight are bounded elsewhere; this bounds
/// threads and buffers.
const TREES: usize = 4;

/// One resource, ready to be fetched.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) resource: ResourceName,
    /// Indexes of the parents among the nodes, in their order; parents come first.
    pub(crate) parents: Vec<usize>,
    /// How it goes over the rows of its parents.
    pub(crate) for_each: ForEachPlan,
    /// Which values of these rows its requests are made of.
    pub(crate) keys: Vec<usize>,
    /// Its rows, if it sends no requests.
    pub(crate) seed: Option<SeedRows>,
    /// Columns from its own parent that its children ask for.
    pub(crate) tapped_columns: Vec<(usize, usize)>,
    /// What records have in the place of fields that their children want.
    pub(crate) fields: Arc<ParentFields>,
    pub(crate) maker: Arc<dyn MakeRequest>,
    /// Requests under way at a time.
    pub(crate) width: usize,
    /// How many rows of its parents may fail.
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) options: Options,
    /// Where its rows go.
    pub(crate) sink: Arc<dyn BatchSink>,
    /// Whether its tables are part of the result.
    pub(crate) is_loaded: bool,
}

/// Bounds of a fetch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of pages that wait for a worker, per resource.
    pub(crate) queue_bytes: usize,
    /// Parents after which no more are asked for.
    pub(crate) max_parents: Option<usize>,
}

/// What was fetched.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    pub(crate) schema: Schema,
    pub(crate) resources: IndexMap<ResourceName, ResourceReceipt>,
    /// Columns that were null in every row.
    pub(crate) untyped: Vec<(TableName, String)>,
    /// Failures that are to be listed.
    pub(crate) letters: Vec<Letter>,
    /// How far incremental loads came.
    pub(crate) progress: IndexMap<ResourceName, Progress>,
}

/// Fetches all `nodes` and turns them into rows. When this returns, with an error too, no worker is left.
pub(crate) async fn extract(
    nodes: Vec<Node>,
    bounds: Bounds,
    events: &Arc<dyn EventSink>,
) -> Result<Extracted, RunError> {
    let (alive, mut gone) = mpsc::channel(1);
    let extracted = extract_all(nodes, bounds, events, &alive).await;
    drop(alive);
    while gone.recv().await.is_some() {}
    extracted
}

async fn extract_all(
    nodes: Vec<Node>,
    bounds: Bounds,
    events: &Arc<dyn EventSink>,
    alive: &Alive,
) -> Result<Extracted, RunError> {
    let order: Vec<ResourceName> = nodes.iter().map(|node| node.resource.clone()).collect();
    let trees = into_trees(nodes)
        .into_iter()
        .map(|tree| fetch_tree(tree, bounds, Arc::clone(events), alive.clone()));
    let fetched: Vec<Vec<Fetched>> = stream::iter(trees)
        .buffer_unordered(TREES)
        .try_collect()
        .await?;
    let mut by_name: HashMap<ResourceName, Fetched> = fetched
        .into_iter()
        .flatten()
        .map(|one| (one.resource.clone(), one))
        .collect();
    let mut extracted = Extracted::default();
    for name in order {
        if let Some(one) = by_name.remove(&name) {
            extracted.add(one)?;
        }
    }
    Ok(extracted)
}

impl Extracted {
    fn add(&mut self, one: Fetched) -> Result<(), RunError> {
        if one.is_loaded {
            for table in one.rows.schema.tables.into_values() {
                if let Some(first) = self.schema.table(&table.name) {
                    let (first, second) = (first.resource.clone(), table.resource);
                    return Err(RunError::TableClash {
                        table: table.name,
                        first,
                        second,
                    });
                }
                self.schema.insert(table);
            }
            self.untyped.extend(one.rows.untyped);
        }
        self.letters.extend(one.letters);
        let progress = Progress {
            gate: one.rows.gate,
            is_cut: one.is_cut,
        };
        self.progress.insert(one.resource.clone(), progress);
        self.resources.insert(one.resource, one.receipt);
        Ok(())
    }
}

/// A resource after all its pages.
#[derive(Debug)]
struct Fetched {
    resource: ResourceName,
    rows: Rows,
    receipt: ResourceReceipt,
    is_loaded: bool,
    is_cut: bool,
    letters: Vec<Letter>,
}

/// Splits nodes into trees that share no resource, each with parents before children.
fn into_trees(nodes: Vec<Node>) -> Vec<Vec<Node>> {
    // The tree of each node; a node with parents in several trees makes one of them.
    let mut tree_of: Vec<usize> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let others: Vec<usize> = node.parents.iter().map(|parent| tree_of[*parent]).collect();
        let own = others.iter().copied().min().unwrap_or(at);
        for tree in &mut tree_of {
            if others.contains(tree) {
                *tree = own;
            }
        }
        tree_of.push(own);
    }
    let mut trees: IndexMap<usize, Vec<Node>> = IndexMap::new();
    let mut places: Vec<usize> = Vec::with_capacity(nodes.len());
    for (mut node, tree) in nodes.into_iter().zip(tree_of) {
        let own = trees.entry(tree).or_default();
        places.push(own.len());
        for parent in &mut node.parents {
            *parent = places[*parent];
        }
        own.push(node);
    }
    trees.into_values().collect()
}

async fn fetch_tree(
    tree: Vec<Node>,
    bounds: Bounds,
    events: Arc<dyn EventSink>,
    alive: Alive,
) -> Result<Vec<Fetched>, RunError> {
    let mut senders: Vec<Vec<mpsc::Sender<ParentRows>>> = tree.iter().map(|_| Vec::new()).collect();
    let mut inlets: Vec<Vec<Inlet>> = Vec::with_capacity(tree.len());
    for node in &tree {
        let inlet = |parent: &usize| {
            let (sender, rows) = mpsc::channel(WAITING_PARENTS);
            senders[*parent].push(sender);
            let parent = tree[*parent].resource.clone();
            Inlet { parent, rows }
        };
        inlets.push(node.parents.iter().map(inlet).collect());
    }
    let parts = tree.into_iter().zip(inlets).zip(senders);
    try_join_all(parts.map(|((node, inlets), children)| {
        let span = tracing::info_span!("resource", name = %node.resource);
        fetch(
            node,
            inlets,
            children,
            bounds,
            Arc::clone(&events),
            alive.clone(),
        )
        .instrument(span)
    }))
    .await
}

async fn fetch(
    node: Node,
    inlets: Vec<Inlet>,
    children: Vec<mpsc::Sender<ParentRows>>,
    bounds: Bounds,
    events: Arc<dyn EventSink>,
    alive: Alive,
) -> Result<Fetched, RunError> {
    let worker = Worker::start(
        &node.resource,
        node.options,
        bounds.queue_bytes,
        node.sink,
        Children {
            rows: children,
            tapped_columns: node.tapped_columns,
            fields: node.fields,
        },
        alive,
    )?;
    let feed = Feed {
        resource: node.resource.clone(),
        maker: node.maker,
        events: Arc::clone(&events),
        counters: Arc::new(Counters::default()),
        width: node.width,
        tolerance: node.tolerance,
        ahead_bytes: bounds.queue_bytes,
        max_parents: bounds.max_parents,
    };
    match node.seed {
        Some(seed) => feed.seed(&worker.pages, seed).await?,
        None if inlets.is_empty() => feed.top(&worker.pages).await?,
        None => {
            let plan = (&node.for_each, node.keys.as_slice());
            let parents = Parents::new(&node.resource, inlets, plan, bounds.queue_bytes);
            feed.children(&worker.pages, parents).await?;
        }
    }
    let rows = worker.finish().await?;
    let mut receipt = feed.counters.receipt(rows.repeated_keys);
    tracing::info!(resource = %node.resource, rows = receipt.rows, "fetched");
    events.event(&Event::Finished {
        resource: node.resource.clone(),
    });
    receipt.skipped.extend(rows.skipped.clone());
    receipt.loaded_rows = node.is_loaded.then_some(rows.kept);
    // Those at the seams of pages were told as drift.
    let told = receipt.drift.map_or(0, |drift| drift.repeated_rows);
    if rows.repeated_keys > told {
        let message = format!(
            "{} records of `{}` have a primary key that came before",
            rows.repeated_keys, node.resource
        );
        events.event(&Event::Warning { message });
    }
    Ok(Fetched {
        resource: node.resource,
        rows,
        receipt,
        is_cut: feed.counters.is_cut(),
        letters: feed.take_letters(),
        is_loaded: node.is_loaded,
    })
}
