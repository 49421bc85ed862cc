//! Documents whose parts are fine and do not go together.

use super::resources;

#[test]
fn an_unknown_parent_names_the_nearest() {
    let text = r"
  - issues
  - {name: comments, endpoint: 'issues/{resources.isues.number}/comments'}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:32: resources[1].endpoint: resource `comments` needs resource `isues`, which is not in the file
      hint: did you mean `issues`?
    ");
}

#[test]
fn a_resource_has_one_parent() {
    let text = r"
  - a
  - b
  - {name: c, endpoint: {path: 'x/{resources.a.id}/y', params: {b: '{resources.b.id}'}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:6:68: resources[2].endpoint.params.b: resource `c` refers to more than one parent: `a`, `b`
      hint: say how their rows go together with `for_each: product` or `for_each: zip`; fields of a parent's parent come along by `include_from_parent`
    ");
}

#[test]
fn a_circle_shows_its_chain() {
    let text = r"
  - {name: chicken, endpoint: 'x/{resources.egg.id}/y'}
  - {name: egg, endpoint: 'x/{resources.chicken.id}/y'}
  - {name: self, endpoint: 'x/{resources.self.id}/y'}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:31: resources[0].endpoint: resources depend on each other in a circle: chicken → egg → chicken
      hint: remove one of the references
    source.yaml:6:28: resources[2].endpoint: resources depend on each other in a circle: self → self
      hint: remove one of the references
    ");
}

#[test]
fn names_are_unique() {
    insta::assert_snapshot!(resources("  - issues\n  - {name: issues, endpoint: other}"), @r"
    source.yaml:4:12: resources[1].name: the name `issues` is taken by another resource, in line 3
      hint: names must be unique; rename one
    ");
}

#[test]
fn tables_are_unique_after_normalizing_unless_nothing_is_loaded() {
    let text = r"
  - userIDs
  - {name: other, table_name: user_i_ds}
  - {name: silent, table_name: user_i_ds, selected: false}
  - {name: skipped, table_name: user_i_ds, write_disposition: skip}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:31: resources[1].table_name: resources `userIDs` and `other` both load table `user_i_ds`
      hint: give one of them a `table_name` of its own
    ");
}

#[test]
fn fields_of_a_parent_need_one() {
    insta::assert_snapshot!(resources("  - {name: a, include_from_parent: [id]}"), @r"
    source.yaml:3:36: resources[0].include_from_parent: resource `a` has no parent to include fields from
      hint: refer to a parent with `{resources.PARENT.FIELD}`, or remove the key
    ");
}

#[test]
fn fields_of_a_parent_must_not_collide() {
    let text = r"
  - p
  - {name: c, endpoint: 'p/{resources.p.id}/c', include_from_parent: [userId, user_id]}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:79: resources[1].include_from_parent[1]: fields `userId` and `user_id` of the parent both become column `_p_user_id`
      hint: keep one of them, or give one another name
    ");
}

#[test]
fn a_name_in_the_path_needs_a_parameter() {
    let text = r"
  - {name: a, endpoint: {path: 'x/{org}/y', params: {orgs: acme}}}
  - {name: b, endpoint: {path: 'x/{team}/y'}}
  - {name: c, endpoint: {path: 'x/{id}/y', params: {id: null}}}
  - {name: d, endpoint: {path: 'x/{id}/y', params: {id: [1, 2]}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:32: resources[0].endpoint.path: the path needs a parameter `org`, which `params` does not have
      hint: did you mean `{orgs}`?
    source.yaml:5:32: resources[1].endpoint.path: the path needs a parameter `team`, which `params` does not have
      hint: add `team` to `params`, or write `{resources.PARENT.FIELD}`
    source.yaml:6:32: resources[2].endpoint.path: parameter `id` is null, so `{id}` in the path has no value
      hint: give it one value, or write `{resources.PARENT.FIELD}` in place of `{id}`
    source.yaml:7:32: resources[3].endpoint.path: parameter `id` is a list or a mapping, so `{id}` in the path has no value
      hint: give it one value, or write `{resources.PARENT.FIELD}` in place of `{id}`
    ");
}

#[test]
fn a_resolve_parameter_must_be_used_in_the_path() {
    let text = r"
  - p
  - {name: c, endpoint: {path: c, params: {id: {type: resolve, resource: p, field: id}}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:48: resources[1].endpoint.params.id: the path of resource `c` does not use parameter `id` of type `resolve`
      hint: put `{id}` into the path, or set the parameter to `{resources.p.id}`
    ");
}

#[test]
fn a_mapping_is_no_parameter_unless_it_has_a_type() {
    let text = r"
  - {name: a, endpoint: {params: {x: {y: 1}}}}
  - {name: b, endpoint: {params: {x: {type: lookup, y: 1}}}}
  - {name: c, endpoint: {params: {x: {type: resolve, resource: a}}}}
  - {name: d, endpoint: {params: {x: [[1]]}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:38: resources[0].endpoint.params.x: a mapping as a parameter has to say how it is written
      hint: write `{style: STYLE, value: ...}`; styles are `repeat`, `comma`, `brackets`, `json`
    source.yaml:5:45: resources[1].endpoint.params.x.type: unknown type of parameter `lookup`
      hint: valid are `resolve`, `incremental`
    source.yaml:6:38: resources[2].endpoint.params.x: required key `field` is missing
      hint: add `field`: JSONPath of the field in the parent's row
    source.yaml:7:39: resources[3].endpoint.params.x[0]: expected a text, found a list
      hint: write one text in its place
    ");
}

#[test]
fn placeholders_must_have_a_namespace_a_field_and_a_known_filter() {
    let text = r"
  - name: a
    endpoint:
      path: 'x/{resources.p}/{response.id}/{resources..id}'
      params: {q: '{id}', r: '{}', s: '}', t: '{x', u: '{resources.p.id|join}', v: '{resources.p.id|shout}'}
      headers: {X: '{resources.p.a..}', '{y}': z}
      json: {query: '{ users { id } }', '{k}': [1, '{l}']}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:6:13: resources[0].endpoint.path: `{resources.p}` names no field
      hint: write `{resources.p.FIELD}`
    source.yaml:6:13: resources[0].endpoint.path: `{response.id}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.yaml:6:13: resources[0].endpoint.path: `{resources..id}` names no field
      hint: write `{resources.PARENT.FIELD}`
    source.yaml:7:19: resources[0].endpoint.params.q: `{id}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.yaml:7:30: resources[0].endpoint.params.r: `{}` names nothing
      hint: write `{{` and `}}` for the braces themselves
    source.yaml:7:39: resources[0].endpoint.params.s: a `}` stands alone
      hint: write `}}` for a brace
    source.yaml:7:47: resources[0].endpoint.params.t: `{` is not closed
      hint: close it with `}`, or write `{{` for a brace
    source.yaml:7:56: resources[0].endpoint.params.u: the filter `join` takes one text in quotes
      hint: write `|join(',')`
    source.yaml:7:84: resources[0].endpoint.params.v: unknown filter `shout`
      hint: valid are `default`, `raw`, `json`, `date`, `unix`, `int`, `lower`, `join`
    source.yaml:8:20: resources[0].endpoint.headers.X: `a..` is not a JSONPath
      cause: cannot read the path `a..` at character 4: a step is missing after the dot
      hint: write `a`
    source.yaml:8:41: resources[0].endpoint.headers.{y}: `{y}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.yaml:9:21: resources[0].endpoint.json: `{users { id}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.yaml:9:21: resources[0].endpoint.json: a `}` stands alone
      hint: write `}}` for a brace
    source.yaml:9:41: resources[0].endpoint.json: `{k}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.yaml:9:52: resources[0].endpoint.json: `{l}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    ");
}

#[test]
fn references_must_say_where_the_value_is() {
    let text = r"
  - name: a
    endpoint:
      params: {a: '${TOKEN}', b: '${vault:x}', c: '${env:}', d: 'x${env:Y'}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:6:19: resources[0].endpoint.params.a: `${TOKEN}` does not say where the value is
      hint: write `${env:TOKEN}` for the environment variable
    source.yaml:6:34: resources[0].endpoint.params.b: unknown kind of reference `vault`
      hint: valid are `env`, `file`, `secret`
    source.yaml:6:51: resources[0].endpoint.params.c: `${env:}` names nothing
      hint: write `${env:NAME}`, `${file:PATH}` or `${secret:KEY}`
    source.yaml:6:65: resources[0].endpoint.params.d: `${` is not closed
      hint: close it with `}`, or write `$${` for the characters themselves
    ");
}

#[test]
fn mistakes_in_a_parent_do_not_make_its_children_wrong() {
    let text = r"
  - {nme: issues}
  - {name: comments, endpoint: 'issues/{resources.issues.number}/comments'}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:6: resources[0]: unknown key `nme`
      hint: did you mean `name`?
    ");
}

#[test]
fn mistakes_in_parameters_do_not_make_the_path_wrong() {
    insta::assert_snapshot!(
        resources("  - {name: a, endpoint: {path: 'x/{org}/y', params: [org]}}"),
        @r"
    source.yaml:3:53: resources[0].endpoint.params: expected a mapping, found a list
      hint: write `{KEY: VALUE}`
    "
    );
}

#[test]
fn defaults_have_no_name_and_their_endpoint_is_a_mapping() {
    let text = r"
  - a
resource_defaults: {name: x, endpoint: y}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:21: resource_defaults: unknown key `name`
      hint: known keys are `endpoint`, `include_from_parent`, `overwrite_from_parent`, `distinct`, `batch_size`, `max_url_length`, `on_error`, `concurrency`, `primary_key`, `write_disposition`, `selected`, `table_name`, `columns`, `processing_steps`, `merge_key`, `max_table_nesting`, `nested_hints`, `schema_contract`, `parallelized`, `references`, `table_format`, `file_format`, `parent_table_name`
    source.yaml:5:40: resource_defaults.endpoint: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    ");
}
