//! Cases of the reference's own test suite that no other file here is about.

mod incremental;
mod parents;
mod requests;

use apiduct_testkit::{Collection, Received, Reply};

use crate::*;

/// 25 posts in five pages, each with fifty comments in ten.
fn blog() -> World {
    let comments = |post: &Value| {
        let post = post["id"].as_i64().unwrap_or_default();
        (0..50).map(move |at| json!({"id": post * 100 + at, "post": post}))
    };
    let posts = Collection::new("posts", posts(25)).children("comments", comments);
    World::new(MockApi::builder().mount(posts).start())
}

/// An API that answers everything below `/echo` with one record in a list.
fn echo() -> World {
    let answer = |_: &Received| Reply::json(&json!([{"id": 1, "at": "2024-01-05T00:00:00Z"}]));
    let builder = MockApi::builder().collection("posts", posts(3));
    let builder = builder.get("/echo", answer).get("/echo/{x}", answer);
    World::new(builder.post("/echo", answer).start())
}

/// The requests to `path` and what is below it.
fn sent(world: &World, path: &str) -> Vec<Received> {
    let all = world.api.recorded().into_iter();
    all.filter(|one| one.path.starts_with(path)).collect()
}

/// Path and query of the requests to `/echo` as they were sent, sorted.
fn asked(world: &World) -> Vec<String> {
    let shown = |one: &Received| format!("{}?{}", one.path, one.raw_query);
    let mut asked: Vec<String> = sent(world, "/echo").iter().map(shown).collect();
    asked.sort();
    asked
}

/// Runs `resources` with these other keys of the client and sections of the file.
async fn run_as(world: &World, client: &str, resources: &str, more: &str) -> Receipt {
    let url = world.api.base_url();
    let text = format!(
        "name: shop\nclient: {{base_url: '{url}', {client}}}\nresources:\n{resources}{more}"
    );
    let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
    let secrets = Arc::new(SystemSource::in_folder(world.folder.path()));
    let builder = Pipeline::builder(plan, secrets).working_dir(world.folder.path());
    let pipeline = builder.destination(world.destination()).build();
    pipeline.run().await.unwrap()
}
