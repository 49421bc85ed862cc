//! Parents, children and seeds that do not go together.

use super::resources;

#[test]
fn what_goes_over_parents_needs_some() {
    let text = r"
  - p
  - {name: a, distinct: true, batch_size: 5}
  - {name: b, for_each: product}
  - {name: c, for_each: zip, endpoint: 'p/{resources.p.id}'}
  - {name: d, include_from_parent: {id: x}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:25: resources[1].distinct: resource `a` has no parent, so `distinct` has nothing to work on
      hint: refer to a parent with `{resources.PARENT.FIELD}`, or remove the key
    source.yaml:5:43: resources[1].batch_size: resource `a` has no parent, so `batch_size` has nothing to work on
      hint: refer to a parent with `{resources.PARENT.FIELD}`, or remove the key
    source.yaml:6:25: resources[2].for_each: `for_each` combines the rows of several parents, and resource `b` has none
      hint: refer to another with `{resources.PARENT.FIELD}`, or remove the key
    source.yaml:7:25: resources[3].for_each: `for_each` combines the rows of several parents, and resource `c` has one
      hint: refer to another with `{resources.PARENT.FIELD}`, or remove the key
    source.yaml:8:36: resources[4].include_from_parent: resource `d` has no parent to include fields from
      hint: refer to a parent with `{resources.PARENT.FIELD}`, or remove the key
    ");
}

#[test]
fn several_parents_need_a_mode_and_their_names() {
    let text = r"
  - p
  - q
  - {name: a, endpoint: 'x/{resources.p.id}/{resources.q.id}/y'}
  - {name: b, for_each: outer, endpoint: 'x/{resources.p.id}/{resources.q.id}/y'}
  - {name: c, for_each: {mode: zip, sources: [p, qq]}, endpoint: 'x/{resources.p.id}/{resources.q.id}/y'}
  - {name: d, for_each: {sources: [p, q]}, endpoint: 'x/{resources.p.id}/{resources.q.id}/y'}
  - {name: e, for_each: product, include_from_parent: [id, r.id], endpoint: 'x/{resources.p.id}/{resources.q.id}/y'}
  - {name: f, endpoint: 'p/{resources.p.id}/f'}
  - {name: g, for_each: product, endpoint: 'x/{resources.p.id}/{resources.f.id}/y'}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:6:25: resources[2].endpoint: resource `a` refers to more than one parent: `p`, `q`
      hint: say how their rows go together with `for_each: product` or `for_each: zip`; fields of a parent's parent come along by `include_from_parent`
    source.yaml:7:25: resources[3].for_each: unknown mode of `for_each` `outer`
      hint: valid are `product`, `zip`, `join`
    source.yaml:8:25: resources[4].for_each: a placeholder refers to `q`, which `sources` does not list
      hint: add it at the place where its rows belong
    source.yaml:8:50: resources[4].for_each.sources[1]: no placeholder refers to `qq`
      hint: did you mean `q`?
    source.yaml:9:25: resources[5].for_each: required key `mode` is missing
      hint: add `mode`: each row with each (`product`), the first with the first and so on (`zip`), or rows with the same value in the fields of `on` (`join`)
    source.yaml:10:56: resources[6].include_from_parent[0]: `id` does not say which of several parents it is from
      hint: write `p.FIELD`
    source.yaml:10:60: resources[6].include_from_parent[1]: `r.id` does not say which of several parents it is from
      hint: write `p.FIELD`
    source.yaml:12:25: resources[8].for_each: `p` is above `f`, so their rows belong together already
      hint: take the fields over with `include_from_parent` at `f`, and refer to them there
    ");
}

#[test]
fn a_batch_is_a_list_and_knows_no_single_parent() {
    let text = r"
  - p
  - {name: a, batch_size: 5, endpoint: 'p/{resources.p.id}'}
  - {name: b, batch_size: 5, include_from_parent: [id], endpoint: {path: p, params: {ids: '{resources.p.id|join('','')}', n: '{resources.p.n}'}}}
  - {name: c, batch: 0, endpoint: {path: c, params: {id: '{resources.p.id|join('','')}'}}}
  - {name: d, batch: 5, batch_size: 6, endpoint: {path: c, json: {id: 'x{resources.p.id}'}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:40: resources[1].endpoint: with `batch_size`, `{resources.p.id}` is a list
      hint: write `{resources.p.id|join(',')}`
    source.yaml:6:51: resources[2].include_from_parent: `include_from_parent` needs a request for each row of the parent, and `batch_size` makes one for many
      hint: the answer itself usually says which parent a row belongs to
    source.yaml:6:126: resources[2].endpoint.params.n: with `batch_size`, `{resources.p.n}` is a list
      hint: write `{resources.p.n|join(',')}`
    source.yaml:7:22: resources[3].batch: `0` is not a whole number from 1
      hint: write it like `1`
    source.yaml:8:25: resources[4]: `batch` and `batch_size` are the same setting
      hint: keep `batch_size`
    source.yaml:8:66: resources[4].endpoint.json: with `batch_size`, `{resources.p.id}` is a list
      hint: write `{resources.p.id|join(',')}`
    ");
}

#[test]
fn seeds_send_no_requests_and_say_where_they_are_wrong() {
    let text = r"
  - {name: a, values: [1], file: x.csv, endpoint: x}
  - {name: b, values: {c: d}}
  - {name: c, values: [null, [1], 2, '${env:A}', {b: ['${c}']}]}
  - {name: d, range: {from: 1}}
  - {name: e, range: {from: 1, to: x, step: 0}}
  - {name: f, range: {from: 2024-01-01, to: 2023-01-01}}
  - {name: g, range: {from: 2024-02-30, to: 2024-03-01, step: [1]}}
  - {name: h, file: 7, distinct: true, concurrency: 2}
  - {name: i, sql: 'select ${nothing}'}
  - {name: j, range: 1-5}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:28: resources[0].file: `values` and `file` exclude each other
      hint: keep one of them
    source.yaml:4:41: resources[0].endpoint: a resource with `values` sends no requests and has no `endpoint`
      hint: keep one of them
    source.yaml:5:23: resources[1].values: expected a list, found a mapping
      hint: write `[ONE, ANOTHER]`; one entry is `[ONE]`
    source.yaml:6:24: resources[2].values[0]: expected a text, number, boolean or mapping, found null
      hint: replace it by a text, number, boolean or mapping
    source.yaml:6:30: resources[2].values[1]: expected a text, number, boolean or mapping, found a list
      hint: replace it by a text, number, boolean or mapping
    source.yaml:6:38: resources[2].values[3]: `${env:A}` refers to a value outside the file, which `values` cannot
      hint: put the rows into a `file`, which may be named by a reference
    source.yaml:6:55: resources[2].values[4].b[0]: `${c}` does not say where the value is
      hint: write `${env:c}` for the environment variable
    source.yaml:7:22: resources[3].range: required key `to` is missing
      hint: add `to`: the last one, if a step leads to it
    source.yaml:8:36: resources[4].range.to: `x` is not a whole number, as `from` is
      hint: write it like `100`
    source.yaml:9:45: resources[5].range.to: no step leads from `2024-01-01` to `2023-01-01`
      hint: exchange `from` and `to`, or turn the step around
    source.yaml:10:29: resources[6].range.from: `2024-02-30` is not a whole number or a date
      hint: write it like `1` or `2024-01-31`
    source.yaml:10:63: resources[6].range.step: expected a whole number or a date, found a list
      hint: write `1` or `2024-01-31`
    source.yaml:11:24: resources[7].distinct: a resource with `file` sends no requests and has no `distinct`
      hint: keep one of them
    source.yaml:11:40: resources[7].concurrency: a resource with `file` sends no requests and has no `concurrency`
      hint: keep one of them
    source.yaml:12:20: resources[8].sql: `${nothing}` does not say where the value is
      hint: write `${env:nothing}` for the environment variable
    source.yaml:13:22: resources[9].range: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    ");
}

#[test]
fn fields_of_the_parent_must_be_paths_with_names_of_their_own() {
    let text = r"
  - p
  - {name: a, include_from_parent: {id: x, 'a..': y, b: ''}, endpoint: 'p/{resources.p.id}/a'}
  - {name: b, include_from_parent: {id: x, n.id: X}, endpoint: 'p/{resources.p.id}/b'}
  - {name: c, include_from_parent: id, endpoint: 'p/{resources.p.id}/c'}
  - {name: d, overwrite_from_parent: often, endpoint: {path: 'p/{resources.p.id}/d', distinct: true}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:44: resources[1].include_from_parent.a..: `a..` is not a JSONPath
      cause: cannot read the path `a..` at character 4: a step is missing after the dot
      hint: write `a`
    source.yaml:5:57: resources[1].include_from_parent.b: the text is empty
      hint: write a value, or remove the key
    source.yaml:6:44: resources[2].include_from_parent.n.id: fields `id` and `n.id` of the parent both become column `x`
      hint: keep one of them, or give one another name
    source.yaml:7:36: resources[3].include_from_parent: expected a list of fields, or a mapping of paths and names, found a text
      hint: write `[id]`, or `{user.login: author}`
    source.yaml:8:38: resources[4].overwrite_from_parent: expected `true` or `false`, found a text
      hint: write one of the two, without quotes
    source.yaml:8:86: resources[4].endpoint: key `distinct` does not belong to an endpoint
      hint: it belongs to `the resource`
    ");
}

#[test]
fn a_number_of_requests_belongs_to_a_resource_that_sends_some() {
    let text = r"
  - {name: a, concurrency: 0}
  - {name: b, concurrency: many}
  - {name: c, endpoint: {path: c, concurrency: 2}}
  - {name: d, values: [1], concurrency: 2}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:28: resources[0].concurrency: `0` is not a whole number from 1
      hint: write it like `1`
    source.yaml:5:28: resources[1].concurrency: expected a whole number, found a text
      hint: write digits without quotes, such as `100`
    source.yaml:6:35: resources[2].endpoint: key `concurrency` does not belong to an endpoint
      hint: it belongs to `the resource`
    source.yaml:7:28: resources[3].concurrency: a resource with `values` sends no requests and has no `concurrency`
      hint: keep one of them
    ");
}

#[test]
fn going_on_after_errors_is_written_as_a_word_or_with_its_bounds() {
    let text = r"
  - p
  - {name: a, on_error: skip}
  - {name: b, on_error: ignore, endpoint: 'p/{resources.p.id}/b'}
  - {name: c, on_error: {max_share: 2, min_failures: few}, endpoint: 'p/{resources.p.id}/c'}
  - {name: d, on_error: {action: skip, max_share: 5}, endpoint: 'p/{resources.p.id}/d'}
  - {name: e, on_error: {action: fail, min_failures: 1, max_share: 0.1}, endpoint: 'p/{resources.p.id}/e'}
  - {name: f, endpoint: {path: 'p/{resources.p.id}/f', on_error: skip}}
  - {name: g, values: [1], on_error: skip}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:25: resources[1].on_error: resource `a` has no parent, so `on_error` has nothing to work on
      hint: refer to a parent with `{resources.PARENT.FIELD}`, or remove the key
    source.yaml:6:25: resources[2].on_error: unknown way to go on after an error `ignore`
      hint: valid are `fail`, `skip`, `dead_letter`
    source.yaml:7:25: resources[3].on_error: required key `action` is missing
      hint: add `action`: the run ends (`fail`), or goes on with the other rows and ends as incomplete (`skip`), and lists what failed in table `_apiduct_rejected` (`dead_letter`)
    source.yaml:7:54: resources[3].on_error.min_failures: expected a whole number, found a text
      hint: write digits without quotes, such as `100`
    source.yaml:8:51: resources[4].on_error.max_share: a share is a number from 0 to 1
      hint: write it like `0.05`
    source.yaml:9:54: resources[5].on_error.min_failures: `fail` ends the run with the first failure, so there is nothing to count
      hint: write `action: skip`, or remove the key
    source.yaml:9:68: resources[5].on_error.max_share: `fail` ends the run with the first failure, so there is nothing to count
      hint: write `action: skip`, or remove the key
    source.yaml:10:56: resources[6].endpoint: key `on_error` does not belong to an endpoint
      hint: it belongs to `the resource`
    source.yaml:11:28: resources[7].on_error: a resource with `values` sends no requests and has no `on_error`
      hint: keep one of them
    ");
}
