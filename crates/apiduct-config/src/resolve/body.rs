//! Bodies and query parameters with their values filled in.

use serde_json::Value;

use super::DataParts;
use crate::plan::ParamPlan;
use crate::spec::{DataSpec, ParamStyle};
use crate::template::{Encoding, Scope, TemplateError};

const QUERY: Encoding = Encoding::Text("the query");
const BODY: Encoding = Encoding::Text("the body");

/// Appends what `param` becomes in the query.
pub(super) fn push_param(
    params: &mut Vec<(String, String)>,
    param: &ParamPlan,
    scope: Scope<'_>,
) -> Result<(), TemplateError> {
    let key = param.key.expand(scope, QUERY)?;
    for value in &param.values {
        if let Some(value) = value.expand_optional(scope, "the query")? {
            params.push((key.clone(), value));
        }
    }
    if let Some(styled) = &param.styled {
        push_styled(params, key, styled.style, styled.value.expand(scope)?);
    }
    Ok(())
}

/// `{}` and an empty text are no body.
pub(super) fn data(spec: &DataSpec, scope: Scope<'_>) -> Result<Option<DataParts>, TemplateError> {
    let parts = match spec {
        DataSpec::Raw(text) => DataParts::Raw(text.expand(scope, BODY)?),
        DataSpec::Form(pairs) => {
            let pair = |(name, value): &(_, _)| expand_pair(name, value, scope);
            let there = pairs.iter().filter(|(_, value)| !value.is_left_out(scope));
            DataParts::Form(there.map(pair).collect::<Result<_, _>>()?)
        }
    };
    let is_empty = match &parts {
        DataParts::Raw(text) => text.is_empty(),
        DataParts::Form(pairs) => pairs.is_empty(),
    };
    Ok((!is_empty).then_some(parts))
}

fn expand_pair(
    name: &crate::template::Template,
    value: &crate::template::Template,
    scope: Scope<'_>,
) -> Result<(String, String), TemplateError> {
    Ok((name.expand(scope, BODY)?, value.expand(scope, BODY)?))
}

fn push_styled(params: &mut Vec<(String, String)>, key: String, style: ParamStyle, value: Value) {
    match (style, value) {
        (ParamStyle::Json, value) => params.push((key, value.to_string())),
        (ParamStyle::Repeat, Value::Array(list)) => {
            params.extend(list.iter().map(|one| (key.clone(), text(one))));
        }
        (ParamStyle::Comma, Value::Array(list)) => {
            let texts: Vec<String> = list.iter().map(text).collect();
            params.push((key, texts.join(",")));
        }
        (ParamStyle::Brackets, value) => push_brackets(params, &key, &value),
        // The check lets only lists through for these styles; a placeholder may still bring a scalar.
        (ParamStyle::Repeat | ParamStyle::Comma, value) => params.push((key, text(&value))),
    }
}

fn push_brackets(params: &mut Vec<(String, String)>, key: &str, value: &Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                push_brackets(params, &format!("{key}[{name}]"), value);
            }
        }
        Value::Array(list) => {
            for value in list {
                push_brackets(params, &format!("{key}[]"), value);
            }
        }
        Value::Null => {}
        scalar => params.push((key.to_owned(), text(scalar))),
    }
}

/// A scalar in JSON spelling, without the quotes of a text; a list or mapping as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn styled(style: ParamStyle, value: Value) -> String {
        let mut params = Vec::new();
        push_styled(&mut params, "a".to_owned(), style, value);
        let pairs = params.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    }

    #[test]
    fn lists_and_mappings_are_written_in_the_style_that_is_asked_for() {
        let list = json!([1, "b", true]);
        for (style, value, expected) in [
            (ParamStyle::Repeat, list.clone(), "a=1&a=b&a=true"),
            (ParamStyle::Comma, list.clone(), "a=1,b,true"),
            (ParamStyle::Brackets, list.clone(), "a[]=1&a[]=b&a[]=true"),
            (ParamStyle::Json, list, "a=[1,\"b\",true]"),
            (
                ParamStyle::Brackets,
                json!({"b": {"c": 1}, "d": [2, 3], "e": null}),
                "a[b][c]=1&a[d][]=2&a[d][]=3",
            ),
            (ParamStyle::Json, json!({"b": 1.50}), "a={\"b\":1.5}"),
            (ParamStyle::Comma, json!([]), "a="),
            (ParamStyle::Repeat, json!([]), ""),
        ] {
            assert_eq!(styled(style, value), expected, "{style:?}");
        }
    }
}
