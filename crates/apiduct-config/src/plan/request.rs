use http::Method;

use crate::spec::{DataSpec, HeaderSpec, Located, ParamSpec, ParamValue, StyledSpec};
use crate::template::{FieldPath, IncrementalField, JsonTemplate, Target, Template};

/// A request with its placeholders not filled in yet.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    /// The method.
    pub method: Method,
    /// The path behind `base_url`, or an absolute URL; `{name}` of static parameters is bound.
    pub path: Located<Template>,
    /// Query parameters in order.
    pub params: Vec<ParamPlan>,
    /// Headers, those of the client included.
    pub headers: Vec<HeaderPlan>,
    /// The body, as JSON.
    pub json: Option<BodyPlan>,
    /// The body, as form fields or as a text; there is no `json` then.
    pub data: Option<Located<DataSpec>>,
}

/// A JSON body with its place.
pub type BodyPlan = Located<JsonTemplate>;

/// A query parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamPlan {
    /// Its name.
    pub key: Template,
    /// Its values; more than one repeat the parameter.
    pub values: Vec<Template>,
    /// A list or a mapping in place of `values`.
    pub styled: Option<StyledSpec>,
    /// Where it is set.
    pub site: Located<()>,
}

/// A header.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderPlan {
    /// Its name.
    pub key: Template,
    /// Its value.
    pub value: Template,
    /// Where it is set.
    pub site: Located<()>,
}

impl ParamPlan {
    pub(crate) fn new(spec: &ParamSpec) -> Option<Self> {
        let mut styled = None;
        let values = match &spec.value {
            ParamValue::Null | ParamValue::Resolve { .. } => return None,
            ParamValue::One(value) => vec![value.clone()],
            ParamValue::Many(values) => values.clone(),
            ParamValue::Incremental(_) => {
                vec![Template::incremental(IncrementalField::StartValue)]
            }
            ParamValue::Styled(own) => {
                styled = Some(own.clone());
                Vec::new()
            }
        };
        Some(Self {
            key: spec.key.clone(),
            values,
            styled,
            site: spec.site.clone(),
        })
    }
}

impl HeaderPlan {
    pub(crate) fn new(spec: &HeaderSpec) -> Option<Self> {
        Some(Self {
            key: spec.key.clone(),
            value: spec.value.clone()?,
            site: spec.site.clone(),
        })
    }
}

impl RequestPlan {
    /// Calls `visit` with every text of the request and where it stands.
    pub(crate) fn each_template<'p>(&'p self, visit: &mut dyn FnMut(&'p Template, Located<()>)) {
        self.each_place(&mut |text, site, _| visit(text, site));
    }

    /// Calls `visit` with every text of the request, where it stands, and whether it may be a value of any type there.
    pub(crate) fn each_place<'p>(&'p self, visit: &mut dyn FnMut(&'p Template, Located<()>, bool)) {
        visit(&self.path.value, self.path.clone().map(|_| ()), false);
        for param in &self.params {
            visit(&param.key, param.site.clone(), false);
            for value in &param.values {
                visit(value, param.site.clone(), false);
            }
            if let Some(styled) = &param.styled {
                let mut own = |text| visit(text, param.site.clone(), true);
                styled.value.each_template(&mut own);
            }
        }
        for header in &self.headers {
            visit(&header.key, header.site.clone(), false);
            visit(&header.value, header.site.clone(), false);
        }
        if let Some(json) = &self.json {
            let site = json.clone().map(|_| ());
            json.value
                .each_template(&mut |text| visit(text, site.clone(), true));
        }
        if let Some(data) = &self.data {
            let site = data.clone().map(|_| ());
            data.value
                .each_template(&mut |text| visit(text, site.clone(), false));
        }
    }

    /// Every parent field the request needs, with the parent's name and where it is asked for.
    pub fn parent_fields(&self) -> Vec<(&str, &FieldPath, Located<()>)> {
        let mut found = Vec::new();
        self.each_template(&mut |text, site| {
            for (parent, field) in text.parent_fields() {
                found.push((parent, field, site.clone()));
            }
        });
        found
    }
}

/// The target of a legacy parameter of type `resolve`.
pub(crate) fn resolve_target(resource: &str, field: &FieldPath) -> Target {
    Target::Parent {
        parent: resource.into(),
        field: field.clone(),
    }
}
