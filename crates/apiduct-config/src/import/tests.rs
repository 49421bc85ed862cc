use super::*;
use crate::Plan;

/// The file that `text` becomes; it must have no mistake.
fn imported(text: &str, file: &str) -> Imported {
    let language = Language::of_path(Path::new(file)).unwrap();
    let imported = import(text, language, file).unwrap();
    if let Err(mistakes) = Plan::parse(&imported.yaml, Format::Yaml, "out.yaml") {
        panic!("{mistakes}\n{}", imported.yaml);
    }
    imported
}

fn has(imported: &Imported, lines: &[&str]) {
    for line in lines {
        assert!(imported.yaml.contains(line), "{line}\n{}", imported.yaml);
    }
}

const GITHUB: &str = r#"
import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_resources

BASE = "https://api.github.com"
PER_PAGE = 100

@dlt.source(name="github")
def github_source(access_token: Optional[str] = dlt.secrets.value):
    config: RESTAPIConfig = {
        "client": {
            "base_url": f"{BASE}/repos/dlt-hub/dlt/",
            # only with a token
            "auth": (
                {"type": "bearer", "token": access_token}
                if access_token
                else None
            ),
        },
        "resource_defaults": {
            "primary_key": "id",
            "endpoint": {"params": {"per_page": PER_PAGE}},
        },
        "resources": [
            {
                "name": "issues",
                "endpoint": {
                    "path": "issues",
                    "params": {"sort": "updated", "direction": "desc", "state": "open"},
                },
            },
            {
                "name": "issue_comments",
                "endpoint": {"path": "issues/{resources.issues.number}/comments"},
                "include_from_parent": ["id"],
            },
        ],
    }
    yield from rest_api_resources(config)

def load_github() -> None:
    pipeline = dlt.pipeline(
        pipeline_name="rest_api_github", destination="duckdb", dataset_name="rest_api_data",
    )
    pipeline.run(github_source(), write_disposition="replace")
"#;

#[test]
fn github_with_parents_constants_and_a_secret_parameter() {
    let imported = imported(GITHUB, "github.py");
    has(
        &imported,
        &[
            "name: rest_api_github\n",
            "  base_url: https://api.github.com/repos/dlt-hub/dlt/\n",
            "    token: \"${secret:access_token}\"\n",
            "      per_page: 100\n",
            "      path: \"issues/{resources.issues.number}/comments\"\n",
            "destination: \"duckdb:rest_api_github.duckdb\"\n",
            "dataset: rest_api_data\n",
        ],
    );
    let told: Vec<&str> = imported
        .notes
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    assert!(told[0].contains("condition of `auth`"), "{told:?}");
    assert!(told[1].contains("`write_disposition` of `run`"), "{told:?}");
    assert_eq!(
        imported.notes[0].mark,
        Mark {
            line: 14,
            column: 21
        }
    );
}

#[test]
fn pokemon_with_a_call_that_holds_everything() {
    let imported = imported(
        r#"
pokemon = rest_api_source(
    {
        "client": {"base_url": "https://pokeapi.co/api/v2/", "paginator": "json_link"},
        "resource_defaults": {"endpoint": {"params": {"limit": 1000}}},
        "resources": ["pokemon", "berry", "location"],
    },
    name="pokemon_source",
)
"#,
        "pokemon.py",
    );
    has(
        &imported,
        &[
            "name: pokemon_source\n",
            "paginator: json_link\n",
            "  - berry\n",
        ],
    );
    assert!(imported.notes.is_empty(), "{:?}", imported.notes);
}

#[test]
fn stripe_like_with_instances_and_the_environment() {
    let imported = imported(
        r#"
from dlt.sources.helpers.rest_client import paginators
auth = HttpBasicAuth(os.environ["STRIPE_KEY"], "")
source = rest_api_source({
    "client": {
        "base_url": "https://api.stripe.com/v1",
        "headers": {"Stripe-Version": "2024-06-20"},
        "auth": BearerTokenAuth(token=os.getenv("STRIPE_KEY")),
        "paginator": paginators.JSONResponseCursorPaginator(cursor_path="next_cursor"),
    },
    "resources": [
        {"name": "charges", "endpoint": {"path": "charges", "data_selector": "data",
         "paginator": PageNumberPaginator(page_param="p", maximum_page=3, total_path=None)}},
        {"name": "events", "endpoint": {"path": "events",
         "paginator": OffsetPaginator(100, maximum_offset=1_000, total_path=None)}},
    ],
})
"#,
        "stripe.py",
    );
    has(
        &imported,
        &[
            "    token: \"${env:STRIPE_KEY}\"\n",
            "    cursor_path: next_cursor\n    cursor_param: cursor\n",
            "        maximum_page: 2\n        total_path: null\n        initial_page: 0\n",
            "        limit: 100\n        maximum_offset: 1000\n",
        ],
    );
    assert_eq!(imported.notes.len(), 1, "{:?}", imported.notes);
}

#[test]
fn incremental_in_its_three_spellings() {
    let imported = imported(
        r#"
config = {
    "client": {"base_url": "https://api.example.com", "auth": {"type": "api_key",
        "name": "X-Key", "api_key": dlt.secrets["sources.shop.api_key"]}},
    "resources": [
        {"name": "a", "endpoint": {"params": {"since": {"type": "incremental",
            "cursor_path": "updated_at", "initial_value": "2024-01-01T00:00:00Z"}}}},
        {"name": "b", "endpoint": {"params": {
            "since": dlt.sources.incremental("updated_at", initial_value="2024-01-01T00:00:00Z")}}},
        {"name": "c", "endpoint": {"params": {"since": "{incremental.start_value}"},
            "incremental": {"cursor_path": "updated_at", "initial_value": "2024-01-01T00:00:00Z"}}},
    ],
}
"#,
        "shop.py",
    );
    assert_eq!(imported.yaml.matches("cursor_path: updated_at").count(), 3);
    assert_eq!(imported.yaml.matches("type: incremental").count(), 2);
    has(&imported, &["api_key: \"${secret:sources.shop.api_key}\""]);
    assert!(imported.notes.is_empty(), "{:?}", imported.notes);
}

#[test]
fn what_is_no_data_is_left_as_a_comment_with_its_place() {
    let imported = imported(
        r#"
common = {"per_page": 10}
config = {
    "client": {"base_url": "https://api.example.com", "session": make_session()},
    "resources": [
        {
            "name": "users",
            "processing_steps": [{"filter": lambda row: row["id"] > 3}],
            "endpoint": {"path": "users", "params": {**common, "q": ", ".join(NAMES), "state": "all"}},
        },
        dlt.resource(seeds(), name="seeds"),
    ],
}
"#,
        "shop.py",
    );
    has(
        &imported,
        &[
            "  # TODO session: make_session()\n",
            "    # TODO processing_steps.filter: lambda row: row[\"id\"] > 3\n    #      line 8, column 45: a lambda is no plain data\n",
            "        per_page: 10\n        state: all\n        # TODO q: \", \".join(NAMES)\n",
            "  # TODO dlt.resource(seeds(), name=\"seeds\")\n",
        ],
    );
    let places: Vec<usize> = imported.notes.iter().map(|note| note.mark.line).collect();
    assert_eq!(places, [4, 8, 9, 11]);
}

#[test]
fn oauth_parts_and_formatted_texts() {
    let imported = imported(
        r#"
ORG = "acme"
SCOPE = f"{ORG}:read"
def run():
    rest_api(
        client={
            "base_url": "https://api.example.com",
            "auth": OAuth2ClientCredentials(
                access_token_url="https://login.example.com/token",
                client_id=dlt.secrets["client_id"], client_secret=dlt.secrets["client_secret"],
                access_token_request_data={"scope": SCOPE},
            ),
            "headers": {"X-Org": "org " + ORG},
        },
        resources=[{"name": "repos", "endpoint": f"orgs/{ORG}/repos"},
                   {"name": "tags", "endpoint": {"path": f"repos/{{resources.repos.name}}/tags"}}],
    )
    dlt.pipeline("acme", destination=dlt.destinations.duckdb("data/acme.duckdb"))
"#,
        "acme.py",
    );
    has(
        &imported,
        &[
            "name: acme\n",
            "type: oauth2_client_credentials\n",
            "client_secret: \"${secret:client_secret}\"\n",
            "scope: \"acme:read\"\n",
            "X-Org: \"org acme\"\n",
            "endpoint: orgs/acme/repos\n",
            "path: \"repos/{resources.repos.name}/tags\"\n",
            "destination: \"duckdb:data/acme.duckdb\"\n",
        ],
    );
}

#[test]
fn dumps_as_data_mean_the_same_too() {
    let json = r#"{"client": {"base_url": "https://api.example.com", "paginator": "page_number"},
        "resources": [{"name": "a", "endpoint": {"paginator": {"type": "cursor", "cursor_path": "next"}}}, "no"]}"#;
    let imported = imported(json, "dump.json");
    has(
        &imported,
        &[
            "    type: page_number\n    initial_page: 0\n",
            "        cursor_path: next\n        cursor_param: cursor\n",
            "  - \"no\"\n",
        ],
    );
}

#[test]
fn what_has_no_configuration_says_where_it_was_looked_for() {
    for (text, file) in [
        ("x = 1\n", "a.py"),
        ("rest_api_source(build())\n", "a.py"),
        ("[1]", "a.json"),
        ("{}", "a.json"),
    ] {
        let error = import(text, Language::of_path(Path::new(file)).unwrap(), file).unwrap_err();
        assert!(
            matches!(error, ImportError::NoConfiguration { .. }),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("rest_api_source"));
    }
    let error = import("a = 'b\n", Language::Python, "a.py").unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.py:1:5: this text does not end on its line"
    );
    assert!(matches!(
        import("{", Language::Data(Format::Json), "a.json"),
        Err(ImportError::Data { .. })
    ));
    assert_eq!(Language::of_path(Path::new("a.txt")), None);
}
