use apiduct_model::{DataType, MergeStrategy, SortOrder, WriteDisposition};

use super::endpoint::EndpointSpec;
use super::fields::{Fields, Located, Written, plain};
use super::hints::TableHintsSpec;
use super::keys::{COLUMN, DEFAULTS, LISTED_COLUMN, RESOURCE};
use super::merge::{DispositionSpec, order_of};
use super::on_error::OnErrorSpec;
use super::seed::SeedSpec;
use super::steps::{StepSpec, json_text, read_steps};
use super::table::Object;
use super::tree::{self, IncludeSpec, TreeSpec};
use crate::error::{ConfigErrorKind, Problems};
use crate::locate::{Mark, Node};
use crate::template::Template;

/// One entry of `resources`, or `resource_defaults`.
#[derive(Debug, Clone)]
pub struct ResourceSpec {
    /// The name; empty for `resource_defaults`.
    pub name: Located<String>,
    /// The request.
    pub endpoint: EndpointSpec,
    /// Fields of the parent that each row gets.
    pub include_from_parent: Written<Vec<IncludeSpec>>,
    /// How it goes over the rows of its parents.
    pub tree: TreeSpec,
    /// Its rows, if it sends no requests.
    pub seed: Option<Located<SeedSpec>>,
    /// Fields that identify a row.
    pub primary_key: Written<Vec<Located<String>>>,
    /// What happens with the rows that are already in the table.
    pub write_disposition: Written<WriteDisposition>,
    /// How rows are merged; it comes with the write disposition.
    pub merge_strategy: Written<MergeStrategy>,
    /// Fields that name a part of the table.
    pub merge_key: Written<Vec<Located<String>>>,
    /// What happens when the pages of one row of the parent cannot be had.
    pub on_error: Written<OnErrorSpec>,
    /// Requests under way at a time.
    pub concurrency: Written<u64>,
    /// Whether rows are loaded.
    pub selected: Written<bool>,
    /// The table that gets the rows.
    pub table_name: Written<String>,
    /// What is known about columns beforehand.
    pub columns: Written<Vec<ColumnSpec>>,
    /// What is known about its tables.
    pub hints: TableHintsSpec,
    /// Steps on each record, in order.
    pub processing_steps: Written<Vec<StepSpec>>,
    /// Whether something in it was refused, so that what depends on it cannot be judged.
    pub(crate) is_broken: bool,
}

/// What is known about a column beforehand.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSpec {
    /// The field as the API names it.
    pub name: Box<str>,
    /// The type of its values.
    pub data_type: Written<DataType>,
    /// Whether a row may lack a value.
    pub nullable: Written<bool>,
    /// Whether it is part of the key.
    pub primary_key: Written<bool>,
    /// Whether it is part of the merge key.
    pub merge_key: Written<bool>,
    /// Whether it marks rows that are to be deleted.
    pub hard_delete: Written<bool>,
    /// Which row of a key wins by it.
    pub dedup_sort: Written<SortOrder>,
    /// Keys that change nothing, with their values as JSON text.
    pub hints: Vec<(&'static str, Written<String>)>,
    /// Where it is declared.
    pub mark: Mark,
}

impl ResourceSpec {
    pub(crate) fn read(node: &Node, path: &str, problems: &mut Problems) -> Self {
        let mut spec = Self::read_as(&RESOURCE, node, path, problems);
        if let Some(name) = node.as_text() {
            spec.name.value = plain(node).unwrap_or_else(|| name.to_owned());
        }
        spec.is_broken |= spec.name.value.is_empty();
        spec
    }

    pub(crate) fn read_defaults(node: &Node, path: &str, problems: &mut Problems) -> Self {
        Self::read_as(&DEFAULTS, node, path, problems)
    }

    fn read_as(object: &'static Object, node: &Node, path: &str, problems: &mut Problems) -> Self {
        let fields = Fields::new(object, node, path);
        let before = problems.count();
        let columns = fields.read("columns", |node, path| {
            Some(read_columns(node, path, problems))
        });
        let hints = TableHintsSpec::read(&fields, problems);
        let name = match fields.plain("name") {
            Written::Value(name) if object.key("name").is_some() => name,
            _ => Located {
                value: String::new(),
                path: path.into(),
                mark: node.mark,
            },
        };
        let DispositionSpec {
            disposition,
            strategy,
        } = DispositionSpec::read(&fields, problems);
        let on_error = OnErrorSpec::read(&fields, problems);
        let seed = SeedSpec::read(&fields, problems);
        Self {
            name,
            endpoint: EndpointSpec::read(&fields),
            include_from_parent: tree::include(&fields),
            tree: TreeSpec::read(&fields),
            seed,
            primary_key: fields.plain_list("primary_key"),
            write_disposition: disposition,
            merge_strategy: strategy,
            merge_key: fields.plain_list("merge_key"),
            on_error,
            concurrency: fields.integer("concurrency"),
            selected: fields.bool("selected"),
            table_name: fields.plain("table_name"),
            columns,
            hints,
            processing_steps: fields.read("processing_steps", |node, path| {
                Some(read_steps(node, path))
            }),
            is_broken: problems.count() > before || problems.has_under(path),
        }
    }

    /// This resource with everything that it leaves out taken from `defaults`.
    ///
    /// A resource that sends no requests takes nothing from the defaults.
    #[must_use]
    pub fn with_defaults(&self, defaults: &Self) -> Self {
        if self.seed.is_some() {
            return self.clone();
        }
        let path_from_name = || Located {
            value: Template::literal(self.name.value.as_str()),
            path: self.name.path.clone(),
            mark: self.name.mark,
        };
        let mut endpoint = self.endpoint.with_defaults(&defaults.endpoint);
        if self.endpoint.path.value().is_none() {
            endpoint.path = Written::Value(path_from_name());
        }
        Self {
            name: self.name.clone(),
            endpoint,
            include_from_parent: self.include_from_parent.or(&defaults.include_from_parent),
            tree: self.tree.with_defaults(&defaults.tree),
            seed: None,
            primary_key: self.primary_key.or(&defaults.primary_key),
            write_disposition: self.write_disposition.or(&defaults.write_disposition),
            merge_strategy: if self.write_disposition.is_absent() {
                defaults.merge_strategy.clone()
            } else {
                self.merge_strategy.clone()
            },
            merge_key: self.merge_key.or(&defaults.merge_key),
            on_error: self.on_error.or(&defaults.on_error),
            concurrency: self.concurrency.or(&defaults.concurrency),
            selected: self.selected.or(&defaults.selected),
            table_name: self.table_name.or(&defaults.table_name),
            columns: merge_columns(&self.columns, &defaults.columns),
            hints: self.hints.with_defaults(&defaults.hints),
            processing_steps: self.processing_steps.or(&defaults.processing_steps),
            is_broken: self.is_broken || defaults.is_broken,
        }
    }

    /// A resource that leaves everything out.
    pub(crate) fn nothing() -> Self {
        let node = Node {
            value: crate::locate::NodeValue::Null,
            mark: Mark::START,
        };
        let mut unused = Problems::new("".into());
        Self::read_defaults(&node, "resource_defaults", &mut unused)
    }
}

/// Columns are merged by name, and their properties one by one. Those with a type come first.
fn merge_columns(
    own: &Written<Vec<ColumnSpec>>,
    defaults: &Written<Vec<ColumnSpec>>,
) -> Written<Vec<ColumnSpec>> {
    let (Written::Value(own), Written::Value(defaults)) = (own, defaults) else {
        return own.or(defaults);
    };
    let mut merged = defaults.clone();
    merged.path.clone_from(&own.path);
    merged.mark = own.mark;
    for column in &own.value {
        match merged.value.iter().position(|one| one.name == column.name) {
            // A column that gets its type here takes its place here.
            Some(at) if merged.value[at].data_type.value().is_none() => {
                let default = merged.value.remove(at);
                merged.value.push(column.over(&default));
            }
            Some(at) => merged.value[at] = column.over(&merged.value[at]),
            None => merged.value.push(column.clone()),
        }
    }
    let is_incomplete = |column: &ColumnSpec| column.data_type.value().is_none();
    merged.value.sort_by_key(is_incomplete);
    Written::Value(merged)
}

impl ColumnSpec {
    /// This column with everything that it leaves out taken from `default`.
    fn over(&self, default: &Self) -> Self {
        let hints = self.hints.iter().zip(&default.hints);
        Self {
            name: self.name.clone(),
            data_type: self.data_type.or(&default.data_type),
            nullable: self.nullable.or(&default.nullable),
            primary_key: self.primary_key.or(&default.primary_key),
            merge_key: self.merge_key.or(&default.merge_key),
            hard_delete: self.hard_delete.or(&default.hard_delete),
            dedup_sort: self.dedup_sort.or(&default.dedup_sort),
            hints: hints
                .map(|((key, own), (_, default))| (*key, own.or(default)))
                .collect(),
            mark: self.mark,
        }
    }

    /// The keys that change nothing and are there.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &Located<String>)> {
        let hints = self.hints.iter();
        hints.filter_map(|(key, written)| Some((*key, written.located()?)))
    }
}

/// Keys of a column that are read, shown, and change nothing at the destinations of this version.
const KEPT: [&str; 7] = [
    "precision",
    "unique",
    "timezone",
    "description",
    "partition",
    "cluster",
    "sort",
];

pub(crate) fn read_columns(node: &Node, path: &str, problems: &mut Problems) -> Vec<ColumnSpec> {
    if let Some(list) = node.as_list() {
        let listed = list.iter().enumerate().filter_map(|(at, node)| {
            let fields = Fields::new(&LISTED_COLUMN, node, format!("{path}[{at}]"));
            let name = fields.plain("name").value()?.clone();
            Some(read_column(&name, &fields, node.mark, problems))
        });
        return listed.collect();
    }
    let entries = node.as_map().unwrap_or_default();
    let columns = entries.iter().map(|entry| {
        let fields = Fields::new(&COLUMN, &entry.value, format!("{path}.{}", entry.key));
        if let Some(name) = fields.plain("name").located()
            && *name.value != *entry.key
        {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("column `{}` is called `{}` here", entry.key, name.value),
                hint: Some("remove `name`: the key above it is the name".to_owned()),
            };
            problems.push(&name.path, name.mark, kind);
        }
        read_column(&entry.key, &fields, entry.mark, problems)
    });
    columns.collect()
}

fn read_column(name: &str, fields: &Fields<'_>, mark: Mark, problems: &mut Problems) -> ColumnSpec {
    let scale = fields.integer("scale");
    let data_type = fields.word("data_type");
    ColumnSpec {
        name: name.into(),
        data_type: data_type_of(data_type, &scale, problems),
        nullable: fields.bool("nullable"),
        primary_key: fields.bool("primary_key"),
        merge_key: fields.bool("merge_key"),
        hard_delete: fields.bool("hard_delete"),
        dedup_sort: match fields.word("dedup_sort") {
            Written::Value(word) => Written::Value(word.map(order_of)),
            Written::Null => Written::Null,
            Written::Absent => Written::Absent,
        },
        hints: KEPT
            .map(|key| (key, fields.read(key, |node, _| Some(json_text(node)))))
            .into(),
        mark,
    }
}

fn data_type_of(
    word: Written<&'static str>,
    scale: &Written<u64>,
    problems: &mut Problems,
) -> Written<DataType> {
    let is_decimal = word.value() == Some(&"decimal");
    let digits = scale.value().copied().unwrap_or(0);
    if let Some(scale) = scale.located() {
        let reason = match (is_decimal, digits) {
            (false, _) => "only a `decimal` has a `scale`",
            (true, 39..) => "a `decimal` has 38 digits at most",
            _ => "",
        };
        if !reason.is_empty() {
            let hint = if is_decimal {
                "write a `scale` from 0 to 38"
            } else {
                "write `data_type: decimal`, or remove `scale`"
            };
            let kind = ConfigErrorKind::Conflict {
                reason: reason.to_owned(),
                hint: Some(hint.to_owned()),
            };
            problems.push(&scale.path, scale.mark, kind);
        }
    }
    let scale = u8::try_from(digits.min(38)).unwrap_or(0);
    match word {
        Written::Absent => Written::Absent,
        Written::Null => Written::Null,
        Written::Value(word) => Written::Value(word.map(|word| match word {
            "bigint" => DataType::Bigint,
            "double" => DataType::Double,
            "bool" => DataType::Bool,
            "timestamp" => DataType::Timestamp,
            "date" => DataType::Date,
            "decimal" => DataType::Decimal { scale },
            "json" => DataType::Json,
            _ => DataType::Text,
        })),
    }
}
