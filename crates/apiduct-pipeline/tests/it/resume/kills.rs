//! Pulls that end at points which a seed decides, and the runs after them: no row lost, none doubled, and hardly a request
//! sent twice.
//!
//! `APIDUCT_RESUME_SEED=7 cargo nextest run -p apiduct-pipeline --all-features resume::kills` repeats one of them, and
//! `APIDUCT_RESUME_POINTS=200 cargo test -p apiduct-pipeline --all-features resume::kills` takes a few minutes and tries as
//! many with pulls of 5,000 requests.

use std::collections::BTreeMap;

use apiduct_pipeline::Canceller;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::super::*;
use super::memory::Memory;
use super::tree::{Answer, Tree, random};

/// Posts of an API for which a pull takes, with the pages of their comments, some 5,000 requests.
const MANY: u64 = 495;

/// The same for some 500 requests.
const SOME: u64 = 49;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The process is gone: nothing that ran goes on.
    Killed,
    /// The caller drops the run and goes on itself.
    Dropped,
    /// Ctrl-C.
    Cancelled,
    /// `--max-requests`.
    Quota,
    /// The API refuses.
    Refused,
    /// The network is down.
    Down,
}

const ENDINGS: [Ending; 6] = [
    Ending::Killed,
    Ending::Dropped,
    Ending::Cancelled,
    Ending::Quota,
    Ending::Refused,
    Ending::Down,
];

struct Pull {
    folder: TempDir,
    api: Arc<Tree>,
    destination: Memory,
    file: String,
}

impl Pull {
    fn new(posts: u64, seed: u64, posts_by: &str) -> Self {
        let file = format!(
            "name: blog
client: {{base_url: 'https://api.test'}}
runtime: {{max_retries: 0}}
resources:
  - {{name: posts, endpoint: {{path: posts, data_selector: data, paginator: {posts_by}}}}}
  - name: comments
    endpoint: {{path: 'posts/{{resources.posts.id}}/comments', data_selector: data, paginator: {{type: cursor, cursor_path: next, cursor_param: cursor}}}}
    include_from_parent: [title]
"
        );
        Self {
            folder: tempfile::tempdir().unwrap(),
            api: Tree::new(posts, seed),
            destination: Memory::default(),
            file,
        }
    }

    fn pipeline(&self, max_requests: Option<u64>) -> Pipeline {
        let plan = Plan::parse(&self.file, Format::Yaml, "blog.yaml").unwrap();
        Pipeline::builder(plan, Arc::new(SystemSource::in_folder(self.folder.path())))
            .working_dir(self.folder.path())
            .transport(Arc::clone(&self.api) as _)
            .destination(Arc::new(self.destination.clone()))
            .options(RunOptions {
                max_requests,
                ..RunOptions::default()
            })
            .build()
    }

    /// A run that is ended at its `nth` request; what it returns, unless nobody waits for that.
    fn ended(&self, runtime: &Runtime, nth: u64, how: Ending) -> Option<Result<Receipt, RunError>> {
        let max_requests = (how == Ending::Quota).then_some(nth - 1);
        let pipeline = self.pipeline(max_requests);
        let gone = Arc::new(Notify::new());
        let (told, canceller): (_, Canceller) = (Arc::clone(&gone), pipeline.canceller());
        self.api.end_at(nth, move || match how {
            Ending::Killed | Ending::Dropped => {
                told.notify_one();
                Answer::Never
            }
            Ending::Cancelled => {
                canceller.cancel();
                Answer::Never
            }
            Ending::Quota => Answer::Good,
            Ending::Refused => Answer::Status(404),
            Ending::Down => Answer::Reset,
        });
        let outcome = runtime.block_on(async {
            tokio::select! {
                outcome = pipeline.run() => Some(outcome),
                () = gone.notified() => None,
            }
        });
        self.api.go_on();
        outcome
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

const BY_LINK: &str = "{type: json_link, next_url_path: next}";
const BY_NUMBER: &str = "{type: page_number, total_path: pages}";

/// What a pull that nobody ends brings, and how many requests it takes.
struct Whole {
    posts: u64,
    posts_by: &'static str,
    rows: BTreeMap<String, Vec<String>>,
    requests: u64,
}

impl Whole {
    fn new(posts: u64, posts_by: &'static str) -> Self {
        let pull = Pull::new(posts, 0, posts_by);
        let receipt = runtime().block_on(pull.pipeline(None).run()).unwrap();
        let rows = pull.destination.rows();
        let count: usize = rows.values().map(Vec::len).sum();
        assert_eq!(receipt.rows(), count as u64);
        Self {
            posts,
            posts_by,
            rows,
            requests: pull.api.requests(),
        }
    }

    /// Ends pulls at as many points as `APIDUCT_RESUME_POINTS` says, or else at `points`.
    fn end_at(&self, points: u64) {
        let number = |name: &str| {
            let value = std::env::var(name).ok();
            value.map(|number| number.parse::<u64>().unwrap())
        };
        let seeds = match number("APIDUCT_RESUME_SEED") {
            Some(seed) => seed..seed + 1,
            None => 0..number("APIDUCT_RESUME_POINTS").unwrap_or(points),
        };
        for seed in seeds {
            self.end_and_resume(seed);
        }
    }

    /// Ends a pull once or a few times, lets it come to its end, and compares.
    fn end_and_resume(&self, seed: u64) {
        let pull = Pull::new(self.posts, seed, self.posts_by);
        let mut dice = seed;
        let mut roll = |sides: u64| {
            dice = random(dice);
            dice % sides
        };
        let mut runtime = runtime();
        let times = 1 + roll(3);
        let mut wasted = 0;
        for _ in 0..times {
            let how = ENDINGS[usize::try_from(roll(ENDINGS.len() as u64)).unwrap()];
            let nth = 1 + roll(self.requests / times);
            let outcome = pull.ended(&runtime, nth, how);
            assert!(
                !matches!(outcome, Some(Ok(_))),
                "seed {seed}: {how:?} at {nth} did not end the run"
            );
            assert!(pull.destination.0.lock().unwrap().loads.is_empty());
            wasted += u64::from(how != Ending::Quota);
            if how == Ending::Killed {
                drop(std::mem::replace(&mut runtime, self::runtime()));
            }
        }
        let receipt = runtime.block_on(pull.pipeline(None).run()).unwrap();
        self.compare(seed, wasted, &pull, &receipt);
    }

    fn compare(&self, seed: u64, wasted: u64, pull: &Pull, receipt: &Receipt) {
        assert!(
            pull.destination.rows() == self.rows,
            "seed {seed}: other rows than without an end"
        );
        let loads = pull.destination.0.lock().unwrap().loads.len();
        assert_eq!(loads, 1, "seed {seed}");
        let mut repeats = pull.api.repeats();
        if self.posts_by == BY_NUMBER {
            // These pages are fetched side by side: those that were under way are fetched again.
            let again = repeats.remove("https://api.test/posts").unwrap_or_default();
            assert!(
                again <= 8 * wasted,
                "seed {seed}: {again} pages of posts were fetched again"
            );
        }
        assert!(
            repeats.values().all(|count| *count <= wasted),
            "seed {seed}: asked for again after {wasted} ends: {repeats:?}"
        );
        let resources = receipt.resources.values();
        let counts = resources.map(|one| (one.pages, one.requests + one.resumed_pages));
        let sum = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!(sum.0, sum.1, "seed {seed}");
        assert!(pull.pipeline(None).pending_pulls().unwrap().is_empty());
    }
}

#[test]
fn pulls_survive_their_end_at_any_point() {
    Whole::new(SOME, BY_LINK).end_at(60);
}

#[test]
fn pulls_of_pages_side_by_side_survive_their_end() {
    Whole::new(SOME, BY_NUMBER).end_at(30);
}

#[test]
fn pulls_of_5000_requests_survive_their_end() {
    let whole = Whole::new(MANY, BY_LINK);
    assert!(
        (4_950..5_050).contains(&whole.requests),
        "{}",
        whole.requests
    );
    whole.end_at(4);
}
