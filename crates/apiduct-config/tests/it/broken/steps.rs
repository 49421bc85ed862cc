//! Row steps that cannot be read.

use super::resources;

#[test]
fn a_program_is_compiled_and_its_mistake_has_a_place_in_it() {
    let text = r"
  - name: a
    processing_steps:
      - filter: '.a == '
      - map: |
          {a: .b,
           c: .d | upcase}
      - yield_map: 5
";
    insta::assert_snapshot!(resources(text), @r#"
    source.yaml:6:17: resources[0].processing_steps[0].filter: `.a ==` is not a jq program
      cause: expected term, and the program ends, at line 1, column 7 of the program
      hint: a program is jq, such as `.state == "open"` or `{id, author: .user.login}`
    source.yaml:8:11: resources[0].processing_steps[1].map: `{a: .b, …` is not a jq program
      cause: there is no filter `upcase`, at line 2, column 10 of the program
      hint: a program is jq, such as `.state == "open"` or `{id, author: .user.login}`
    source.yaml:10:20: resources[0].processing_steps[2].yield_map: expected a jq program, found a number
      hint: write a text such as `.state == "open"`
    "#);
}

#[test]
fn a_program_that_reaches_beyond_the_record_is_refused() {
    let text = r"
  - {name: a, processing_steps: [{map: '.token = env.TOKEN'}, {filter: '.at < now'}]}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:40: resources[0].processing_steps[0].map: `.token = env.TOKEN` is not a jq program
      cause: there is no filter `env`, at line 1, column 10 of the program
      hint: a program sees the record alone: no environment, no clock, no files, no output
    source.yaml:4:72: resources[0].processing_steps[1].filter: `.at < now` is not a jq program
      cause: there is no filter `now`, at line 1, column 7 of the program
      hint: a program sees the record alone: no environment, no clock, no files, no output
    ");
}

#[test]
fn paths_and_types_of_steps_are_checked() {
    let text = r"
  - name: a
    processing_steps:
      - keep: [a, 'b..c']
      - drop: 'items[0].x'
      - rename: {a: ''}
      - rename: {'a.': b}
      - cast: {a: integer}
      - cast: {a: null}
      - hash: {field: email}
      - redact: {fields: email, with: ''}
      - explode: [a]
      - dedupe: {fields: id, memory: 0}
      - flatten: 5
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:6:19: resources[0].processing_steps[0].keep[1]: `b..c` is not the path of a field
      hint: write it like `email`, `user.email`, `items[*].price` or `['odd.key']`
    source.yaml:7:15: resources[0].processing_steps[1].drop: `items[0].x` is not the path of a field
      hint: write it like `email`, `user.email`, `items[*].price` or `['odd.key']`
    source.yaml:8:21: resources[0].processing_steps[2].rename.a: `` is not the path of a field
      hint: write it like `email`, `user.email`, `items[*].price` or `['odd.key']`
    source.yaml:9:18: resources[0].processing_steps[3].rename.a.: `a.` is not the path of a field
      hint: write it like `email`, `user.email`, `items[*].price` or `['odd.key']`
    source.yaml:10:19: resources[0].processing_steps[4].cast.a: unknown type to cast to `integer`
      hint: valid are `text`, `bigint`, `double`, `decimal`, `bool`, `timestamp`, `timestamp_ms`, `date`
    source.yaml:11:19: resources[0].processing_steps[5].cast.a: expected a type to cast to, found null
      hint: replace it by a type to cast to
    source.yaml:12:16: resources[0].processing_steps[6].hash: unknown key `field`
      hint: did you mean `fields`?
    source.yaml:13:39: resources[0].processing_steps[7].redact.with: the text is empty
      hint: write a value, or remove the key
    source.yaml:14:18: resources[0].processing_steps[8].explode: expected the path of a field, found a list
      hint: write a text such as `email` or `user.email`
    source.yaml:15:38: resources[0].processing_steps[9].dedupe.memory: `0` is not a whole number from 1
      hint: write it like `1`
    source.yaml:16:18: resources[0].processing_steps[10].flatten: expected a text or a mapping, found a number
      hint: write a text, or `{KEY: VALUE}`
    ");
}

#[test]
fn an_entry_is_one_step_or_several_programs() {
    let text = r"
  - name: a
    processing_steps:
      - {filter: .a, drop: b}
      - {keep: a, drop: b}
      - {}
      - {filter: null}
      - fliter: .a
      - filter
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:6:22: resources[0].processing_steps[0]: one entry holds several steps, and their order would not be clear
      hint: give each step an entry of its own: `- filter: ...`
    source.yaml:7:19: resources[0].processing_steps[1]: one entry holds several steps, and their order would not be clear
      hint: give each step an entry of its own: `- filter: ...`
    source.yaml:8:9: resources[0].processing_steps[2]: the step does nothing
      hint: give each step an entry of its own: `- filter: ...`
    source.yaml:9:9: resources[0].processing_steps[3]: the step does nothing
      hint: give each step an entry of its own: `- filter: ...`
    source.yaml:10:9: resources[0].processing_steps[4]: unknown key `fliter`
      hint: did you mean `filter`?
    source.yaml:11:9: resources[0].processing_steps[5]: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    ");
}

#[test]
fn a_salt_without_a_value_is_missed_when_secrets_are_read() {
    use apiduct_config::resolve::SystemSource;
    use apiduct_config::{Format, Plan};

    let text = "client: {base_url: 'https://h'}\nresources:\n  - {name: a, processing_steps: [{hash: {fields: b, salt: '${file:no-such-file}'}}]}\n";
    let plan = Plan::parse(text, Format::Yaml, "source.yaml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let redactor = apiduct_model::Redactor::default();
    let errors = plan
        .resolve(&SystemSource::in_folder(folder.path()), &redactor)
        .unwrap_err();
    let text = errors.to_string();
    assert!(text.starts_with("source.yaml:3:59: resources[0].processing_steps[0].hash.salt: no value for `${file:no-such-file}`"), "{text}");
}
