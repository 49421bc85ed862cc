//! From what was written to what is meant.

use std::collections::HashMap;
use std::sync::Arc;

use apiduct_client::OnForeignOrigin;
use apiduct_client::paginate::SinglePage;
use apiduct_model::{ResourceName, SystemNames, WriteDisposition};
use http::Method;

use super::graph::{self, Node};
use super::{
    AuthPlan, ClientPlan, HeaderPlan, Origin, PaginatorPlan, ParamPlan, Plan, RequestPlan,
    ResourcePlan, SelectorPlan, body, columns, hints, incremental, lint, merge, path, rules, steps,
    table_name, tolerance, tree,
};
use crate::error::{ConfigErrorKind, Problems};
use crate::registry::Registry;
use crate::resolve::Runtime;
use crate::spec::{
    AuthSpec, DestinationKind, DestinationSpec, Entity, HeaderSpec, IncrementalSpec, Located,
    PaginatorSpec, ResourceSpec, Spec, Written, merge_headers,
};
use crate::template::Template;

pub(super) fn plan(spec: &Spec, registry: &Registry, problems: &mut Problems) -> Plan {
    let nothing = ResourceSpec::nothing();
    let defaults = spec.defaults.as_ref().unwrap_or(&nothing);
    let drafts: Vec<Draft<'_>> = spec
        .resources
        .iter()
        .map(|own| Draft::new(own, defaults, spec, problems))
        .collect();
    refuse_same_names(&drafts, problems);
    let nodes: Vec<Node<'_>> = drafts
        .iter()
        .map(|draft| Node {
            name: &draft.merged.name.value,
            request: &draft.request,
            for_each: draft.merged.tree.for_each.located(),
            is_broken: draft.merged.is_broken,
        })
        .collect();
    let graph = graph::arrange(&nodes, problems);
    refuse_same_tables(&drafts, problems);
    hints::check_table_templates(spec, problems);
    refuse_unknown_auths(spec, &drafts, registry, problems);
    let source = Source { spec, registry };
    let mut resources = resources(&drafts, &graph, source, problems);
    tree::tap(&mut resources);
    incremental::refuse_windows_below_cursors(&resources, problems);
    let mut warnings = lint::secrets(spec, &resources);
    warnings.extend(hints::warnings(spec));
    warnings.extend(incremental::warnings(&resources, &spec.file));
    warnings.extend(merge::warnings(
        &resources,
        destination(spec).value.kind(),
        &spec.file,
    ));
    Plan {
        name: spec.name.value.clone(),
        client: client(spec),
        resources,
        destination: destination(spec),
        dataset: spec
            .dataset
            .located()
            .cloned()
            .unwrap_or_else(|| spec.name.clone().map(Template::literal)),
        runtime: Runtime::new(&spec.runtime),
        system: spec
            .system_prefix
            .value()
            .map_or_else(SystemNames::default, SystemNames::with_prefix),
        warnings,
        file: spec.file.clone(),
        written: spec.written.clone(),
        registry: registry.clone(),
    }
}

/// What a plan is made from.
#[derive(Clone, Copy)]
struct Source<'s> {
    spec: &'s Spec,
    /// What the program has of its own.
    registry: &'s Registry,
}

/// A resource with its defaults, before its place in the order is known.
struct Draft<'s> {
    own: &'s ResourceSpec,
    merged: ResourceSpec,
    request: RequestPlan,
    entity: Entity,
    incremental: Option<IncrementalSpec>,
}

impl<'s> Draft<'s> {
    fn new(
        own: &'s ResourceSpec,
        defaults: &ResourceSpec,
        spec: &Spec,
        problems: &mut Problems,
    ) -> Self {
        let merged = own.with_defaults(defaults);
        let endpoint = &merged.endpoint;
        let mut path = endpoint
            .path
            .located()
            .cloned()
            .unwrap_or_else(|| merged.name.clone().map(Template::literal));
        let is_single = path::is_single_entity(&path.value);
        let entity = match endpoint.entity.value() {
            Some(entity) => *entity,
            None if is_single => Entity::One,
            None => Entity::Many,
        };
        let params = endpoint
            .params
            .value()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let params = if merged.is_broken {
            params.to_vec()
        } else {
            path::bind(&mut path, params, &merged.name.value, problems)
        };
        let mut request = RequestPlan {
            method: endpoint.method.value().cloned().unwrap_or(Method::GET),
            path,
            params: params.iter().filter_map(ParamPlan::new).collect(),
            headers: headers(&spec.client.headers, &endpoint.headers),
            json: endpoint.json.located().cloned(),
            data: endpoint.data.located().cloned(),
        };
        body::refuse_two(own, &merged, problems);
        let incremental = incremental::choose(&merged, &params, problems);
        incremental::send_bounds(incremental.as_ref(), &mut request, problems);
        Self {
            own,
            merged,
            request,
            entity,
            incremental,
        }
    }

    fn name(&self) -> &str {
        &self.merged.name.value
    }

    /// What decides about its incremental load.
    fn context<'d>(&'d self, parent: Option<&'d str>) -> incremental::Context<'d> {
        incremental::Context {
            spec: self.incremental.as_ref(),
            resource: &self.merged,
            request: &self.request,
            parent,
        }
    }

    /// Rows of a resource that sends no requests are loaded only if the file asks for it.
    fn is_selected(&self) -> bool {
        let default = self.merged.seed.is_none();
        self.merged.selected.value().copied().unwrap_or(default)
    }

    fn is_loaded(&self) -> bool {
        self.is_selected() && self.merged.write_disposition.value() != Some(&WriteDisposition::Skip)
    }
}

fn headers(client: &[HeaderSpec], own: &Written<Vec<HeaderSpec>>) -> Vec<HeaderPlan> {
    let own = own.value().map(Vec::as_slice).unwrap_or_default();
    let merged = merge_headers(client, own);
    merged.iter().filter_map(HeaderPlan::new).collect()
}

fn refuse_same_names(drafts: &[Draft<'_>], problems: &mut Problems) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for draft in drafts.iter().filter(|draft| !draft.name().is_empty()) {
        let name = &draft.merged.name;
        if let Some(line) = first.get(draft.name()) {
            let kind = ConfigErrorKind::DuplicateName {
                name: name.value.clone(),
                first_line: *line,
            };
            problems.push(&name.path, name.mark, kind);
        } else {
            first.insert(draft.name(), name.mark.line);
        }
    }
}

/// Authentication of the program's own must be there before secrets are resolved.
fn refuse_unknown_auths(
    spec: &Spec,
    drafts: &[Draft<'_>],
    registry: &Registry,
    problems: &mut Problems,
) {
    let own = drafts.iter().map(|draft| &draft.own.endpoint.auth);
    let defaults = spec
        .defaults
        .as_ref()
        .map(|defaults| &defaults.endpoint.auth);
    for auth in std::iter::once(&spec.client.auth)
        .chain(defaults)
        .chain(own)
    {
        if let Some(auth) = auth.located()
            && let AuthSpec::Custom(custom) = &auth.value
            && let Err(kind) = registry.check_auth(&custom.name)
        {
            problems.push(&auth.path, auth.mark, kind);
        }
    }
}

fn refuse_same_tables(drafts: &[Draft<'_>], problems: &mut Problems) {
    let mut first: HashMap<String, &str> = HashMap::new();
    for draft in drafts
        .iter()
        .filter(|draft| draft.is_loaded() && !draft.name().is_empty())
    {
        let written = &draft.merged.table_name;
        if hints::table_template(written).is_some() {
            continue;
        }
        let table = table_name(written, draft.name()).to_string();
        match first.get(&table) {
            // Resources of one name are reported as such.
            Some(other) if *other == draft.name() => {}
            Some(other) => {
                let (path, mark) = match written.located() {
                    Some(written) => (&written.path, written.mark),
                    None => (&draft.merged.name.path, draft.merged.name.mark),
                };
                let kind = ConfigErrorKind::DuplicateTable {
                    table,
                    first: (*other).to_owned(),
                    second: draft.name().to_owned(),
                };
                problems.push(path, mark, kind);
            }
            None => {
                first.insert(table, draft.name());
            }
        }
    }
}

fn resources(
    drafts: &[Draft<'_>],
    graph: &graph::Graph,
    source: Source<'_>,
    problems: &mut Problems,
) -> Vec<ResourcePlan> {
    let mut new_index = vec![0; drafts.len()];
    for (to, from) in graph.order.iter().enumerate() {
        new_index[*from] = to;
    }
    let mut resources: Vec<ResourcePlan> = graph
        .order
        .iter()
        .map(|from| {
            let parents = &graph.parents[*from];
            let names: Vec<&str> = parents.iter().map(|at| drafts[*at].name()).collect();
            let mut plan = resource(&drafts[*from], &names, source, problems);
            plan.parents = parents.iter().map(|at| new_index[*at]).collect();
            plan.parent = plan.parents.first().copied();
            let draft = &drafts[*from];
            let written = &draft.merged.processing_steps;
            plan.steps = steps::plan(written, &source.spec.file, source.registry, problems);
            rules::compile(&mut plan, (draft.own, &draft.merged), problems);
            merge::compile(&mut plan, &draft.merged, problems);
            tolerance::compile(&mut plan, &draft.merged);
            plan
        })
        .collect();
    for at in 0..resources.len() {
        for parent in resources[at].parents.clone() {
            resources[parent].children.push(at);
        }
    }
    resources
}

fn resource(
    draft: &Draft<'_>,
    parents: &[&str],
    source: Source<'_>,
    problems: &mut Problems,
) -> ResourcePlan {
    let spec = source.spec;
    let merged = &draft.merged;
    let endpoint = &merged.endpoint;
    let from_parent = if parents.is_empty() {
        refuse_orphan(draft, problems);
        Vec::new()
    } else {
        let include = merged.include_from_parent.value();
        let include = include.map(Vec::as_slice).unwrap_or_default();
        columns::from_parent(include, parents, problems)
    };
    ResourcePlan {
        name: ResourceName::from(draft.name()),
        table: table_name(&merged.table_name, draft.name()),
        tables: hints::table_template(&merged.table_name),
        parent: None,
        parents: Vec::new(),
        children: Vec::new(),
        taps_for_children: Arc::from([]),
        parent_taps: Arc::from([]),
        request_taps: Vec::new(),
        tapped_columns: Vec::new(),
        for_each: tree::for_each((draft.own, merged), &draft.request, parents, problems),
        seed: merged.seed.clone(),
        from_parent,
        overwrite_from_parent: merged.tree.overwrite_from_parent.value() == Some(&true),
        request: draft.request.clone(),
        selector: match endpoint.data_selector.value() {
            Some(selector) => SelectorPlan::Declared(selector.clone()),
            None if draft.entity == Entity::One => SelectorPlan::SingleEntity,
            None => SelectorPlan::Detect,
        },
        allow_missing: endpoint.allow_missing.value().copied().unwrap_or(false),
        allow_repeats: endpoint.allow_repeats.value().copied().unwrap_or(false),
        parallel: endpoint.parallel.value().copied().unwrap_or(true),
        tolerance: None,
        concurrency: None,
        retry_if: endpoint
            .retry_if
            .or(&spec.client.retry_if)
            .value()
            .cloned()
            .unwrap_or_default(),
        response_format: endpoint
            .response_format
            .value()
            .cloned()
            .unwrap_or_default(),
        job: endpoint.job.value().cloned(),
        response_rules: Vec::new(),
        expect: None,
        paginator: paginator(draft, source, problems),
        incremental: incremental::plan(draft.context(parents.first().copied()), problems)
            .map(Arc::new),
        max_pages: endpoint.max_pages.value().copied(),
        max_records: endpoint.max_records.value().copied(),
        auth: match &endpoint.auth {
            Written::Absent => AuthPlan::Client,
            Written::Null => AuthPlan::Off,
            Written::Value(auth) => AuthPlan::Own(auth.clone()),
        },
        write_disposition: merged
            .write_disposition
            .value()
            .copied()
            .unwrap_or_default(),
        primary_key: merged.primary_key.value().map_or_else(
            || hints::key_of_columns(&columns::hints(&merged.columns)),
            |keys| keys.iter().map(|key| key.value.clone()).collect(),
        ),
        merge: merge::MergePlan::default(),
        columns: columns::hints(&merged.columns),
        max_table_nesting: hints::max_table_nesting(&merged.hints, source.spec),
        nested: hints::nested(&merged.hints),
        hints: hints::shown(merged),
        steps: Vec::new(),
        selected: draft.is_selected(),
        entity: draft.entity,
        place: merged.name.mark.in_file(&spec.file),
    }
}

/// Fields of a parent need one, unless the wish comes from `resource_defaults`, which is for all.
fn refuse_orphan(draft: &Draft<'_>, problems: &mut Problems) {
    if let Some(include) = draft.own.include_from_parent.located()
        && !include.value.is_empty()
        && !draft.merged.is_broken
        && draft.request.parent_fields().is_empty()
    {
        let kind = ConfigErrorKind::NoParent {
            resource: draft.name().to_owned(),
        };
        problems.push(&include.path, include.mark, kind);
    }
}

/// The precedence: the resource, the defaults, one record, the client, detection.
fn paginator(draft: &Draft<'_>, source: Source<'_>, problems: &mut Problems) -> PaginatorPlan {
    let mut declared = |spec: &Located<PaginatorSpec>, origin| PaginatorPlan {
        paginator: spec
            .value
            .paginator(source.registry)
            .unwrap_or_else(|kind| {
                problems.push(&spec.path, spec.mark, kind);
                None
            }),
        origin,
    };
    if let Some(own) = draft.merged.endpoint.paginator.located() {
        let origin = match draft.own.endpoint.paginator {
            Written::Absent => Origin::Defaults,
            _ => Origin::Resource,
        };
        return declared(own, origin);
    }
    let is_report = draft.merged.endpoint.job.value().is_some();
    if draft.entity == Entity::One || is_report {
        return PaginatorPlan {
            paginator: Some(Arc::new(SinglePage)),
            origin: if is_report {
                Origin::Report
            } else {
                Origin::SingleEntity
            },
        };
    }
    match source.spec.client.paginator.located() {
        Some(client) => declared(client, Origin::Client),
        None => PaginatorPlan {
            paginator: None,
            origin: Origin::Nowhere,
        },
    }
}

fn client(spec: &Spec) -> ClientPlan {
    let client = &spec.client;
    ClientPlan {
        base_url: client.base_url.clone(),
        auth: client.auth.located().cloned(),
        allowed_hosts: client
            .allowed_hosts
            .iter()
            .map(|host| host.value.clone())
            .collect(),
        on_foreign_origin: if client.strips_foreign_origin {
            OnForeignOrigin::Strip
        } else {
            OnForeignOrigin::Refuse
        },
        network: client.network,
        headers: client.headers.iter().filter_map(HeaderPlan::new).collect(),
        client_certificate: client.client_certificate.clone(),
    }
}

fn destination(spec: &Spec) -> Located<DestinationSpec> {
    let written = spec.destination.located().cloned();
    written.unwrap_or_else(|| {
        spec.name.clone().map(|name| DestinationSpec::At {
            kind: DestinationKind::Duckdb,
            path: Template::literal(format!("{name}.duckdb")),
        })
    })
}
