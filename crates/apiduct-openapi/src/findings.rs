//! What is found out about an API, each with how sure it is and why.

/// Something that was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<T> {
    /// What.
    pub value: T,
    /// How sure, from 0 to 1.
    pub confidence: f64,
    /// What it follows from.
    pub why: String,
    /// What else it could be, in the words of the file.
    pub alternatives: Vec<String>,
}

impl<T> Finding<T> {
    pub(crate) fn new(value: T, confidence: f64, why: impl Into<String>) -> Self {
        Self {
            value,
            confidence,
            why: why.into(),
            alternatives: Vec::new(),
        }
    }
}

/// How a list goes on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Pages {
    /// The `Link` header.
    HeaderLink,
    /// A URL in the body.
    JsonLink {
        /// Where it is.
        path: String,
    },
    /// A cursor in the body that is sent back.
    Cursor {
        /// The query parameter that takes it.
        param: String,
        /// Where it is.
        path: String,
    },
    /// A field of the last record that is sent back.
    LastRecord {
        /// The query parameter that takes it.
        param: String,
        /// The field of the record.
        field: String,
        /// Where a flag says whether there is more.
        has_more: Option<String>,
    },
    /// Records are counted.
    Offset {
        /// The query parameter of the first record.
        param: String,
        /// The query parameter of the number of records.
        limit_param: Option<String>,
        /// Where the total of records is.
        total: Option<String>,
    },
    /// Pages are counted.
    PageNumber {
        /// The query parameter.
        param: String,
        /// The first page.
        first: u64,
        /// Where the total of pages is.
        total: Option<String>,
        /// Where a flag says whether there is more.
        has_more: Option<String>,
    },
    /// One page.
    Single,
}

/// The parameter that says how many records a page has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSize {
    /// The query parameter.
    pub param: String,
    /// The value to send, if the description states one.
    pub value: Option<u64>,
}

/// What an endpoint gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Records.
    List,
    /// The record that the path names.
    Item,
    /// One object.
    Singleton,
    /// Not described.
    Unknown,
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The path variable, or query parameter.
    pub param: String,
    /// Whether it is a query parameter.
    pub is_query: bool,
    /// The path of the list.
    pub parent: String,
    /// The field of the list's records.
    pub field: String,
}

/// A parameter that filters by time or number, and the field it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The parameter.
    pub param: String,
    /// `query` or `header`.
    pub location: String,
    /// The field of the record.
    pub field: String,
    /// The parameter of the other end.
    pub end_param: Option<String>,
}

/// A parameter that has to be filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Required {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub location: String,
    /// The default or the only value that is allowed.
    pub value: Option<serde_json::Value>,
    /// What the description says.
    pub about: Option<String>,
}

/// An endpoint and what was found out about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Unique name.
    pub name: String,
    /// The path as described.
    pub path: String,
    /// The operation's id.
    pub operation_id: Option<String>,
    /// The first tag.
    pub tag: Option<String>,
    /// All tags.
    pub tags: Vec<String>,
    /// One line on it.
    pub about: Option<String>,
    /// Whether it is on its way out.
    pub is_deprecated: bool,
    /// What it gives.
    pub kind: Finding<Kind>,
    /// Where the records are; `$` is the whole body.
    pub selector: Option<Finding<String>>,
    /// The field that identifies a record.
    pub key: Option<Finding<Vec<String>>>,
    /// How the list goes on.
    pub pages: Finding<Pages>,
    /// The size of pages.
    pub page_size: Option<PageSize>,
    /// Where variables come from.
    pub links: Vec<Finding<Link>>,
    /// Filters for what is new, the best first.
    pub filters: Vec<Finding<Filter>>,
    /// What has to be filled in.
    pub required: Vec<Required>,
}

/// How requests say who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// Not at all, or not described.
    None,
    /// A token in `Authorization`.
    Bearer,
    /// User and password.
    HttpBasic,
    /// A key.
    ApiKey {
        /// Of the header, parameter or cookie.
        name: String,
        /// `header`, `query` or `cookie`.
        location: String,
    },
    /// OAuth2.
    OAuth2 {
        /// `clientCredentials`, `authorizationCode` and so on.
        flow: String,
        /// Where a person logs in.
        authorization_url: Option<String>,
        /// Where tokens are made.
        token_url: Option<String>,
        /// The scopes that are described.
        scopes: Vec<String>,
    },
    /// A scheme that no file can say.
    Unsupported {
        /// Its type.
        scheme: String,
    },
}

/// What was found out about an API.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// The title.
    pub title: String,
    /// The version of the description's own format.
    pub format: String,
    /// What is in front of every path.
    pub base_url: Finding<String>,
    /// Whether `base_url` can be used as it is.
    pub base_url_is_complete: bool,
    /// How requests say who they are.
    pub auth: Finding<Auth>,
    /// Hints on rates, as sentences.
    pub rate: Vec<String>,
    /// The endpoints in the order of the description.
    pub resources: Vec<Resource>,
    /// Endpoints that were left out, with the reason.
    pub left_out: Vec<(String, String)>,
    /// What could not be read.
    pub problems: Vec<String>,
}
