//! Loads of what is new.

mod children;
mod cursors;
mod windows;

use apiduct_testkit::{Received, Reply};

use super::*;

/// An API whose rows change between runs.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<Value>>>);

impl Rows {
    fn set(&self, rows: impl IntoIterator<Item = Value>) {
        *self.0.lock().unwrap() = rows.into_iter().collect();
    }

    fn add(&self, rows: impl IntoIterator<Item = Value>) {
        self.0.lock().unwrap().extend(rows);
    }

    /// The page that `request` asks for by `page`, of rows at or after its `since` and before its `until`.
    fn page(&self, request: &Received, size: usize) -> Reply {
        let rows = self.0.lock().unwrap();
        let text = |row: &Value| match &row["at"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let wanted = rows.iter().filter(|row| {
            request
                .param("since")
                .is_none_or(|since| *text(row) >= *since)
                && request
                    .param("until")
                    .is_none_or(|until| *text(row) < *until)
        });
        let wanted: Vec<&Value> = wanted.collect();
        let page = request.number_param("page").unwrap_or(1);
        let page = usize::try_from(page).unwrap();
        let data: Vec<&&Value> = wanted.iter().skip((page - 1) * size).take(size).collect();
        Reply::json(&json!({
            "data": data, "page": page, "pages": wanted.len().div_ceil(size).max(1), "now": "2030-01-01T00:00:00Z",
        }))
    }

    /// The API at `/events`, two rows a page.
    fn serve(&self) -> World {
        let rows = self.clone();
        World::new(
            MockApi::builder()
                .get("/events", move |request| rows.page(request, 2))
                .start(),
        )
    }
}

fn event(id: i64, at: &str) -> Value {
    json!({"id": id, "at": at})
}

fn days(range: std::ops::RangeInclusive<i64>) -> Vec<Value> {
    range
        .map(|day| event(day, &format!("2024-01-{day:02}T00:00:00Z")))
        .collect()
}

/// The file for `/events` with this incremental load and these other keys of the endpoint.
fn file(incremental: &str, keys: &str) -> String {
    format!(
        "  - {{name: events, primary_key: id, endpoint: {{data_selector: data, paginator: {{type: page_number, total_path: pages}}, incremental: {{{incremental}}}, {keys}}}}}\n"
    )
}

const SINCE: &str = "params: {since: '{incremental.start_value}'}";

/// What the requests asked for, by `name`.
fn asked(world: &World, name: &str) -> Vec<Option<String>> {
    let requests = world.api.recorded().into_iter();
    let firsts = requests.filter(|one| one.number_param("page") == Some(1));
    firsts
        .map(|one| one.param(name).map(str::to_owned))
        .collect()
}

/// What the state remembers of `events`.
fn remembered(world: &World) -> Value {
    let mut loader = DuckDb::new(world.database()).open_to_read("shop").unwrap();
    let state = loader.state("shop").unwrap().unwrap();
    let memory = state.resource("events");
    memory.map_or(Value::Null, |memory| json!(memory))
}

fn ids(world: &World) -> Vec<String> {
    world.query("select id::varchar as id from shop.events order by id, _apiduct_load_id")
}
