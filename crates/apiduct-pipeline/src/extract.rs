//! All resources of a run: trees of parents and children, side by side.

use std::collections::HashMap;
use std::sync::Arc;

use apiduct_model::{ResourceName, Schema, TableName};
use apiduct_normalize::Options;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use indexmap::IndexMap;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::error::RunError;
use crate::event::{Event, EventSink};
use crate::feed::{Counters, Feed, MakeRequest};
use crate::incremental::Progress;
use crate::receipt::ResourceReceipt;
use crate::sink::BatchSink;
use crate::worker::{Alive, ParentRows, Rows, Worker};

/// Batches of parent records that wait for a child.
const WAITING_PARENTS: usize = 2;

/// Trees of resources that are fetched at the same time. Requests in flight are bounded elsewhere; this bounds
/// threads and buffers.
const TREES: usize = 4;

/// One resource, ready to be fetched.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) resource: ResourceName,
    /// Index of the parent among the nodes; parents come first.
    pub(crate) parent: Option<usize>,
    pub(crate) maker: Arc<dyn MakeRequest>,
    pub(crate) options: Options,
    /// Where its rows go.
    pub(crate) sink: Arc<dyn BatchSink>,
    /// Whether its tables are part of the result.
    pub(crate) is_loaded: bool,
}

/// Bounds of a fetch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Parents whose pages are fetched at the same time.
    pub(crate) width: usize,
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
}

/// Splits nodes into trees, each with its root first and parents before children.
fn into_trees(nodes: Vec<Node>) -> Vec<Vec<Node>> {
    let mut trees: Vec<Vec<Node>> = Vec::new();
    // For each node, its tree and its place in it.
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(nodes.len());
    for mut node in nodes {
        let place = match node.parent {
            None => {
                trees.push(Vec::new());
                (trees.len() - 1, 0)
            }
            Some(parent) => {
                let (tree, parent) = places[parent];
                node.parent = Some(parent);
                (tree, trees[tree].len())
            }
        };
        trees[place.0].push(node);
        places.push(place);
    }
    trees
}

async fn fetch_tree(
    tree: Vec<Node>,
    bounds: Bounds,
    events: Arc<dyn EventSink>,
    alive: Alive,
) -> Result<Vec<Fetched>, RunError> {
    let mut senders: Vec<Vec<mpsc::Sender<ParentRows>>> = tree.iter().map(|_| Vec::new()).collect();
    let mut inlets = Vec::with_capacity(tree.len());
    for node in &tree {
        inlets.push(node.parent.map(|parent| {
            let (sender, receiver) = mpsc::channel(WAITING_PARENTS);
            senders[parent].push(sender);
            receiver
        }));
    }
    let parts = tree.into_iter().zip(inlets).zip(senders);
    try_join_all(parts.map(|((node, inlet), children)| {
        let span = tracing::info_span!("resource", name = %node.resource);
        fetch(
            node,
            inlet,
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
    inlet: Option<mpsc::Receiver<ParentRows>>,
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
        children,
        alive,
    )?;
    let feed = Feed {
        resource: node.resource.clone(),
        maker: node.maker,
        events: Arc::clone(&events),
        counters: Arc::new(Counters::default()),
        width: bounds.width,
        max_parents: bounds.max_parents,
    };
    match inlet {
        None => feed.top(&worker.pages).await?,
        Some(parents) => feed.children(&worker.pages, parents).await?,
    }
    let rows = worker.finish().await?;
    tracing::info!(resource = %node.resource, rows = feed.counters.receipt().rows, "fetched");
    events.event(&Event::Finished {
        resource: node.resource.clone(),
    });
    let mut receipt = feed.counters.receipt();
    receipt.skipped.extend(rows.skipped.clone());
    Ok(Fetched {
        resource: node.resource,
        rows,
        receipt,
        is_cut: feed.counters.is_cut(),
        is_loaded: node.is_loaded,
    })
}
