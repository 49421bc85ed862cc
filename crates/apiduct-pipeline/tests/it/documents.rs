//! Documents in the vocabulary of the reference, as they would be dumped there, against APIs of the shapes that they are
//! for. Only the host is another one.

use std::path::Path;

use apiduct_testkit::{MockApiBuilder, Received, Reply};

use super::*;

/// A page of `all`: those from `start`, `size` of them, and where the next one begins.
fn page(all: &[Value], start: usize, size: usize) -> (Vec<Value>, Option<usize>) {
    let rows: Vec<Value> = all.iter().skip(start).take(size).cloned().collect();
    let next = start + rows.len();
    (rows, (next < all.len()).then_some(next))
}

fn number(request: &Received, name: &str, default: usize) -> usize {
    let number = request.number_param(name);
    number.map_or(default, |number| usize::try_from(number).unwrap())
}

fn refused() -> Reply {
    Reply::error(401, "who are you")
}

fn numbered(count: u64, row: impl Fn(u64) -> Value) -> Vec<Value> {
    (1..=count).map(row).collect()
}

/// Lists by page number, the next one in the `Link` header; a bearer token.
fn github(api: MockApiBuilder) -> MockApiBuilder {
    fn list(request: &Received, all: &[Value], wrap: impl Fn(Vec<Value>) -> Value) -> Reply {
        if request.bearer() != Some("gh-token") {
            return refused();
        }
        let (at, size) = (number(request, "page", 1), number(request, "per_page", 30));
        let (rows, next) = page(all, (at - 1) * size, size);
        let reply = Reply::json(&wrap(rows));
        if next.is_none() {
            return reply;
        }
        let target = request.target_with(&[("page", &(at + 1).to_string())]);
        reply.header("link", &format!("<{}>; rel=\"next\"", request.url(&target)))
    }
    let issues = numbered(
        5,
        |n| json!({"id": 100 + n, "number": n, "updated_at": format!("2024-01-0{n}T00:00:00Z"), "labels": [{"name": "bug"}]}),
    );
    let found = issues.clone();
    let comments = |request: &Received| {
        let issue: u64 = request.segment("n").unwrap().parse().unwrap();
        let all = numbered(
            issue,
            |n| json!({"id": issue * 10 + n, "body": format!("{n} of {issue}")}),
        );
        list(request, &all, Value::from)
    };
    api.get(
        "/github/repos/acme/app/issues",
        move |request: &Received| {
            let since = request.param("since").unwrap_or_default().to_owned();
            let is_new = |issue: &&Value| issue["updated_at"].as_str().unwrap() >= since.as_str();
            let new: Vec<Value> = issues.iter().filter(is_new).cloned().collect();
            list(request, &new, Value::from)
        },
    )
    .get("/github/repos/acme/app/issues/{n}/comments", comments)
    .get("/github/orgs/acme/repos", |request: &Received| {
        list(
            request,
            &[
                json!({"name": "app"}),
                json!({"name": "gone"}),
                json!({"name": "lib"}),
            ],
            Value::from,
        )
    })
    .get(
        "/github/repos/acme/{repo}/languages",
        |request: &Received| match request.segment("repo") {
            Some("gone") => Reply::error(404, "not found"),
            repo => Reply::json(&json!({"rust": repo.unwrap().len()})),
        },
    )
    .get("/github/search/issues", move |request: &Received| {
        assert_eq!(request.param("q"), Some("is:open label:bug"));
        list(
            request,
            &found[..2],
            |rows| json!({"total_count": 2, "items": rows}),
        )
    })
    .get("/github/repos/acme/app/stargazers", |request: &Received| {
        let all = numbered(3, |n| json!({"user": format!("u{n}")}));
        let (rows, _) = page(&all, (number(request, "page", 0) - 1) * 2, 2);
        Reply::json(&Value::from(rows))
    })
}

/// Lists by the id of the last record; basic authentication.
fn stripe(api: MockApiBuilder) -> MockApiBuilder {
    fn list(request: &Received, all: &[Value]) -> Reply {
        if request.basic() != Some(("sk_unit".to_owned(), String::new())) {
            return refused();
        }
        let after = request.param("starting_after");
        let start = after.map_or(0, |id| {
            all.iter().position(|one| one["id"] == *id).unwrap() + 1
        });
        let (rows, next) = page(all, start, number(request, "limit", 2));
        Reply::json(&json!({"object": "list", "data": rows, "has_more": next.is_some()}))
    }
    api.get("/stripe/v1/customers", |request: &Received| {
        let row = |n| json!({"id": format!("cus_{n}"), "address": {"city": "Turin"}});
        list(request, &numbered(5, row))
    })
    .get("/stripe/v1/invoices", |request: &Received| {
        assert_eq!(request.param("status"), Some("paid"));
        let lines = |n| json!({"id": format!("in_{n}"), "lines": [{"amount": n}, {"amount": 2 * n}]});
        list(request, &numbered(3, lines))
    })
    .get("/stripe/v1/charges", |request: &Received| {
        let bound = |name| request.number_param(name).unwrap();
        let (from, to) = (bound("created[gte]"), bound("created[lt]"));
        let mut all = numbered(6, |n| json!({"id": format!("ch_{n}"), "amount": 100 * n, "created": 1_700_000_000 + 100 * n}));
        all.retain(|one| (from..to).contains(&one["created"].as_u64().unwrap()));
        list(request, &all)
    })
}

/// Lists by offset, in the query or in the body.
fn jira(api: MockApiBuilder) -> MockApiBuilder {
    fn list(all: &[Value], key: &str, start: usize, size: usize) -> Reply {
        let (rows, _) = page(all, start, size);
        Reply::json(&json!({"startAt": start, "maxResults": size, "total": all.len(), key: rows}))
    }
    fn by_query(request: &Received, all: &[Value]) -> Reply {
        let known = ("ada@acme.test".to_owned(), "jira-token".to_owned());
        if request.basic() != Some(known) {
            return refused();
        }
        list(
            all,
            "values",
            number(request, "startAt", 0),
            number(request, "maxResults", 50),
        )
    }
    api.post("/jira/rest/api/3/search", |request: &Received| {
        let body = request.json().unwrap();
        assert_eq!(body["fields"], json!(["summary", "status"]));
        let number = |key: &str| usize::try_from(body[key].as_u64().unwrap()).unwrap();
        let row =
            |n: u64| json!({"id": n.to_string(), "key": format!("APP-{n}"), "fields": {"summary": "x"}});
        list(
            &numbered(5, row),
            "issues",
            number("startAt"),
            number("maxResults"),
        )
    })
    .get("/jira/rest/api/3/project/search", |request: &Received| {
        by_query(
            request,
            &numbered(3, |n| json!({"id": n, "key": format!("P{n}")})),
        )
    })
    .get(
        "/jira/rest/api/3/project/{key}/version",
        |request: &Received| {
            let key = request.segment("key").unwrap().to_owned();
            assert_eq!(request.param("orderBy"), Some("sequence"));
            by_query(
                request,
                &numbered(3, |n| json!({"name": format!("{key} v{n}")})),
            )
        },
    )
}

/// Lists by a cursor deep in the body, in the query, in the body, or as a link.
fn hubspot(api: MockApiBuilder) -> MockApiBuilder {
    fn list(all: &[Value], start: usize, size: usize, link: impl Fn(usize) -> Value) -> Reply {
        let (rows, next) = page(all, start, size);
        let mut body = json!({"results": rows});
        if let Some(next) = next {
            body["paging"] = json!({"next": link(next)});
        }
        Reply::json(&body)
    }
    let after = |next: usize| json!({"after": next.to_string()});
    api.get("/hubspot/crm/v3/objects/contacts", move |request: &Received| {
        if request.param("hapikey") != Some("hub-key") {
            return refused();
        }
        let all = numbered(5, |n| json!({"id": n, "properties": {"email": format!("c{n}@acme.test")}}));
        list(&all, number(request, "after", 0), number(request, "limit", 10), after)
    })
    .post("/hubspot/crm/v3/objects/deals/search", move |request: &Received| {
        let body = request.json().unwrap();
        let from = body["filterGroups"][0]["filters"][0]["value"].as_u64().unwrap();
        let mut all = numbered(6, |n| json!({"id": n, "updated": 10 * n}));
        all.retain(|one| one["updated"].as_u64().unwrap() >= from);
        let start = body["after"].as_str().map_or(0, |text| text.parse().unwrap());
        list(&all, start, 2, after)
    })
    .get("/hubspot/crm/v3/owners", |request: &Received| {
        if request.header("x-hub-key") != Some("hub-key") {
            return refused();
        }
        let link = |next: usize| json!({"link": request.url(&request.target_with(&[("after", &next.to_string())]))});
        let all = numbered(3, |n| json!({"id": n, "email": format!("o{n}@acme.test")}));
        list(&all, number(request, "after", 0), 1, link)
    })
    .post("/hubspot/oauth/token", |request: &Received| {
        let form = request.form();
        let has = |name: &str, value: &str| form.iter().any(|(key, one)| key == name && one == value);
        if !has("client_secret", "hub-secret") || !has("scope", "crm") {
            return refused();
        }
        Reply::json(&json!({"access_token": "hub-access", "token_type": "bearer", "expires_in": 1800}))
    })
    .get("/hubspot/crm/v3/pipelines", |request: &Received| {
        if request.bearer() != Some("hub-access") {
            return refused();
        }
        Reply::json(&json!({"results": [{"id": "default", "stages": [{"id": "new"}, {"id": "won"}]}]}))
    })
}

/// Methods as paths, `ok` in every answer, and a cursor that is an empty text at the end.
fn slack(api: MockApiBuilder) -> MockApiBuilder {
    fn list(request: &Received, key: &str, all: &[Value]) -> Reply {
        if request.bearer() != Some("xoxb-unit") {
            return Reply::json(&json!({"ok": false, "error": "not_authed"}));
        }
        let start = request
            .param("cursor")
            .map_or(0, |text| text.trim_matches(['d', '=']).parse().unwrap());
        let (rows, next) = page(all, start, number(request, "limit", 2));
        let cursor = next.map_or_else(String::new, |next| format!("d{next}=="));
        Reply::json(&json!({"ok": true, key: rows, "response_metadata": {"next_cursor": cursor}}))
    }
    api.get("/slack/api/conversations.list", |request: &Received| {
        list(
            request,
            "channels",
            &[
                json!({"id": "C1", "name": "general"}),
                json!({"id": "C2", "name": "random"}),
            ],
        )
    })
    .get("/slack/api/conversations.history", |request: &Received| {
        let channel = request.param("channel").unwrap().to_owned();
        let count = if channel == "C1" { 3 } else { 1 };
        list(
            request,
            "messages",
            &numbered(
                count,
                |n| json!({"ts": format!("{n}.0"), "text": format!("{channel} {n}")}),
            ),
        )
    })
    .get("/slack/api/users.list", |request: &Received| {
        list(
            request,
            "members",
            &numbered(3, |n| json!({"id": format!("U{n}"), "team_id": "T1"})),
        )
    })
}

/// Lists with `next` and `previous` as links; nobody has to say who they are.
fn pokeapi(api: MockApiBuilder) -> MockApiBuilder {
    fn list(request: &Received, names: &[&str]) -> Reply {
        let row = |name: &&str| json!({"name": name, "url": request.url(&format!("{}/{name}", request.path))});
        let all: Vec<Value> = names.iter().map(row).collect();
        let (start, size) = (number(request, "offset", 0), number(request, "limit", 20));
        let (rows, next) = page(&all, start, size);
        let link =
            |next: usize| request.url(&request.target_with(&[("offset", &next.to_string())]));
        Reply::json(
            &json!({"count": all.len(), "next": next.map(link), "previous": null, "results": rows}),
        )
    }
    api.get("/pokeapi/v2/pokemon", |request: &Received| list(request, &["bulbasaur", "ivysaur", "venusaur"]))
        .get("/pokeapi/v2/berry", |request: &Received| list(request, &["cheri", "chesto", "pecha", "rawst"]))
        .get("/pokeapi/v2/location", |request: &Received| list(request, &["canalave-city"]))
        .get("/pokeapi/v2/pokemon/{name}", |request: &Received| {
            let name = request.segment("name").unwrap();
            Reply::json(&json!({"name": name, "order": name.len(), "types": [{"slot": 1, "type": {"name": "grass"}}]}))
        })
        .get("/pokeapi/v2/habitat/cave", |_: &Received| Reply::json(&json!({"id": 1, "names": [{"name": "cave"}]})))
}

fn world() -> World {
    let api = [github, stripe, jira, hubspot, slack, pokeapi]
        .into_iter()
        .fold(MockApi::builder(), |api, add| add(api));
    World::new(api.start())
}

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/documents")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Runs the document as it is.
async fn run(world: &World, name: &str) -> Result<Receipt, RunError> {
    let text = document(name).replace("https://api.test", world.api.base_url());
    let format = Format::of_path(Path::new(name)).unwrap();
    let file = if format == Format::Json {
        "shop.json"
    } else {
        "shop.yaml"
    };
    let plan = Plan::parse(&text, format, file).unwrap_or_else(|errors| panic!("{name}: {errors}"));
    Pipeline::builder(plan, Arc::new(SystemSource::in_folder(world.folder.path())))
        .working_dir(world.folder.path().join(".apiduct"))
        .destination(world.destination())
        .build()
        .run()
        .await
}

/// Documents; the tables of each with their numbers of rows; a query and what it gives.
type Case = (
    &'static str,
    &'static [(&'static str, u64)],
    &'static str,
    &'static [&'static str],
);

const CASES: &[Case] = &[
    (
        "github_issues.json",
        &[("issues", 4), ("issues__labels", 4), ("issue_comments", 14)],
        "select _issues_id::varchar as i, string_agg(id::varchar, ' ' order by id) as c from shop.issue_comments group by 1 order by 1",
        &[
            "102|21 22",
            "103|31 32 33",
            "104|41 42 43 44",
            "105|51 52 53 54 55",
        ],
    ),
    (
        "github_repos.yaml",
        &[("repos", 3), ("languages", 2)],
        "select _repos_name as n, rust::varchar as r from shop.languages order by 1",
        &["app|3", "lib|3"],
    ),
    (
        "github_search.yaml",
        &[("search_results", 2)],
        "select id::varchar as i, labels::varchar as l from shop.search_results order by 1",
        &["101|[{\"name\":\"bug\"}]", "102|[{\"name\":\"bug\"}]"],
    ),
    (
        "github_pages_by_number.json",
        &[("stars", 3)],
        "select user from shop.stars order by 1",
        &["u1", "u2", "u3"],
    ),
    (
        "stripe_customers.json",
        &[("customers", 5), ("invoices", 3), ("invoices__lines", 6)],
        "select i.id, sum(l.amount)::bigint::varchar as s from shop.invoices i join shop.invoices__lines l on l._apiduct_parent_id = i._apiduct_id group by 1 order by 1",
        &["in_1|3", "in_2|6", "in_3|9"],
    ),
    (
        "stripe_charges.yaml",
        &[("charges", 3)],
        "select id, amount::varchar as a from shop.charges order by 1",
        &["ch_1|100", "ch_2|200", "ch_3|300"],
    ),
    (
        "jira_issues.json",
        &[("issues", 5)],
        "select key, fields__summary as s from shop.issues order by 1 limit 2",
        &["APP-1|x", "APP-2|x"],
    ),
    (
        "jira_projects.yaml",
        &[("projects", 3), ("versions", 9)],
        "select name, _projects_id::varchar as i, _projects_key as k from shop.versions where name like '%v3' order by 1",
        &["P1 v3|1|P1", "P2 v3|2|P2", "P3 v3|3|P3"],
    ),
    (
        "hubspot_contacts.json",
        &[("contacts", 5)],
        "select properties__email as e from shop.contacts where id > 3 order by 1",
        &["c4@acme.test", "c5@acme.test"],
    ),
    (
        "hubspot_search.yaml",
        &[("deals", 5)],
        "select id::varchar as i from shop.deals order by 1",
        &["2", "3", "4", "5", "6"],
    ),
    (
        "hubspot_links.yaml",
        &[("owners", 3)],
        "select email from shop.owners order by 1",
        &["o1@acme.test", "o2@acme.test", "o3@acme.test"],
    ),
    (
        "hubspot_oauth.json",
        &[("pipelines", 1), ("pipelines__stages", 2)],
        "select id from shop.pipelines__stages order by 1",
        &["new", "won"],
    ),
    (
        "slack_channels.json",
        &[("channels", 2), ("messages", 4)],
        "select _channels_name as c, text from shop.messages order by 2",
        &[
            "general|C1 1",
            "general|C1 2",
            "general|C1 3",
            "random|C2 1",
        ],
    ),
    (
        "slack_users.yaml",
        &[("users", 3)],
        "select team_id, id from shop.users order by 2",
        &["T1|U1", "T1|U2", "T1|U3"],
    ),
    (
        "pokeapi.json",
        &[("pokemon", 3), ("berry", 4), ("places", 1)],
        "select name from shop.berry union all select name from shop.places order by 1",
        &["canalave-city", "cheri", "chesto", "pecha", "rawst"],
    ),
    (
        "pokeapi_details.yaml",
        &[
            ("details", 3),
            ("details__types", 3),
            ("habitats", 1),
            ("habitats__names", 1),
        ],
        "select name, \"order\"::varchar as o from shop.details order by 1",
        &["bulbasaur|9", "ivysaur|7", "venusaur|8"],
    ),
    (
        "pokeapi_offset.yaml",
        &[("berry", 3)],
        "select name from shop.berry order by 1",
        &["chesto", "pecha", "rawst"],
    ),
];

#[tokio::test]
async fn documents_of_the_reference_run_as_they_are() {
    assert!(CASES.len() >= 15);
    let mut wrong = Vec::new();
    for (name, tables, query, expected) in CASES {
        let world = world();
        let receipt = match run(&world, name).await {
            Ok(receipt) => receipt,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                wrong.push(format!("{name}: {error}: {cause:?}"));
                continue;
            }
        };
        let found: Vec<(String, u64)> = receipt
            .tables
            .iter()
            .map(|(table, rows)| (table.to_string(), *rows))
            .collect();
        let mut sorted: Vec<(String, u64)> = tables
            .iter()
            .map(|(table, rows)| ((*table).to_owned(), *rows))
            .collect();
        let mut found_sorted = found.clone();
        sorted.sort();
        found_sorted.sort();
        if found_sorted != sorted {
            wrong.push(format!("{name}: tables {found:?}"));
            continue;
        }
        let rows = world.query(query);
        if rows != *expected {
            wrong.push(format!("{name}: rows {rows:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_document_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut cases: Vec<&str> = CASES.iter().map(|case| case.0).collect();
    cases.sort_unstable();
    assert_eq!(names, cases);
}

#[tokio::test]
async fn a_second_run_of_a_dumped_document_asks_for_what_is_new() {
    let world = world();
    run(&world, "github_issues.json").await.unwrap();
    world.api.forget();
    let receipt = run(&world, "github_issues.json").await.unwrap();
    let asked = world.api.requests_to("/github/repos/acme/app/issues");
    assert_eq!(asked[0].param("since"), Some("2024-01-05T00:00:00Z"));
    assert_eq!(world.count("issues"), "4");
    assert_eq!(receipt.resources["issues"].requests, 1);
}
