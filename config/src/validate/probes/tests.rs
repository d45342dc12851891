use crate::{ArgumentType, Config};

/// The mistakes in the probes of a file, each as `path: what`.
fn mistakes(probes: &str) -> Vec<String> {
    let Err(errors) = Config::parse(&format!("probes:\n{probes}"), &|_| None) else { return Vec::new() };
    errors.mistakes().iter().map(|mistake| format!("{}: {}", mistake.path, mistake.what)).collect()
}

#[track_caller]
fn assert_mistakes(probes: &str, expected: &[&str]) {
    let found = mistakes(probes);
    let all = found.len() == expected.len()
        && expected.iter().all(|part| found.iter().any(|mistake| mistake.contains(part)));
    assert!(all, "{expected:#?}\nfound {found:#?}");
}

const SOUND: &str = "
  - name: calls
    function: { path: libshop.so.1, symbol: price_of, args: { item: { at: 0, type: int32 }, who: { at: 1, type: string } } }
    span: { name: price_of, attributes: { shop.item: item, user.name: who } }
  - name: sizes
    usdt: { path: /usr/bin/*, provider: shop, name: sent, args: { size: { at: 2, type: uint64 } } }
    histogram: { name: shop.sent.size, unit: By, value: size }
  - name: results
    function: { path: shop, symbol: commit, result: int32 }
    counter: { name: shop.commits, unit: '{commit}', attributes: { shop.commit.result: result } }
  - name: waits
    usdt: { path: shop, provider: shop, name: wait__start, until: wait__done }
    histogram: { name: shop.wait.duration, boundaries: [0.5, 1] }
";

#[test]
fn what_is_sound_is_read_and_printed() {
    let config = Config::parse(&format!("probes:\n{SOUND}"), &|_| None).expect("no mistake");
    assert_eq!(config.probes.len(), 4);
    assert_eq!(config.probes[0].type_of("item"), Some(ArgumentType::Int32));
    assert_eq!(config.probes[0].attributes().count(), 2);
    assert_eq!(
        config.probes.iter().map(crate::Probe::has_end).collect::<Vec<_>>(),
        [true, false, true, true]
    );
    assert_eq!(Config::parse(&config.to_yaml(), &|_| None), Ok(config));
}

#[test]
fn every_mistake_is_listed_with_its_place() {
    assert_mistakes(
        "
  - name: a b
    function: { path: '[', symbol: '', args: { x: { at: 6, type: int32 }, duration: { at: 0, type: int8 } } }
    counter: { name: 1st, unit: '', value: y, attributes: { Shop.Item: x, shop..item: x, shop.size: nothing } }
  - name: none
  - name: none
    usdt: { path: p, provider: 'a b', name: n, until: n }
    function: { path: p, symbol: s }
    span: { name: ' ' }
    counter: { name: otel.passes }
",
        &[
            "probes[0].name: expected up to 63 letters",
            "probes[0].function.path: \"[\" is not a glob",
            "probes[0].function.symbol: expected a name without spaces",
            "probes[0].function.args.x.at: expected a number from 0 to 5, found 6",
            "probes[0].function.args.duration: a name is",
            "probes[0].counter.name: the name of a metric begins with a letter",
            "probes[0].counter.unit: expected a unit in UCUM",
            "probes[0].counter.value: there is no argument \"y\", expected \"duration\" or \"x\"",
            "probes[0].counter.attributes.Shop.Item: the name of an attribute",
            "probes[0].counter.attributes.shop..item: the name of an attribute",
            "probes[0].counter.attributes.shop.size: there is no argument \"nothing\"",
            "probes[1]: a probe needs exactly one of \"usdt\", \"function\", found none",
            "probes[1]: a probe needs exactly one of \"counter\", \"histogram\", \"span\", found none",
            "probes[2].name: another probe is called \"none\"",
            "probes[2]: a probe needs exactly one of \"usdt\", \"function\", found 2",
            "probes[2]: a probe needs exactly one of \"counter\", \"histogram\", \"span\", found 2",
            "probes[2].usdt.provider: expected a name without spaces",
            "probes[2].usdt.until: must be another probe",
            "probes[2].counter.name: names that begin with \"otel.\"",
            "probes[2].span.name: expected a name",
        ],
    );
}

#[test]
fn what_is_made_must_fit_what_is_known() {
    assert_mistakes(
        "
  - name: endless
    usdt: { path: p, provider: p, name: n }
    span: { name: s }
  - name: pointless
    usdt: { path: p, provider: p, name: n, until: m }
    counter: { name: c }
  - name: text
    usdt:
      path: p
      provider: p
      name: n
      args: { a: { at: 0, type: string }, b: { at: 1, type: string }, c: { at: 2, type: string }, d: { at: 8, type: int8 } }
    histogram: { name: h, value: a }
  - name: minutes
    function: { path: p, symbol: s, result: string }
    histogram: { name: h, unit: min, boundaries: [2, 1] }
",
        &[
            "probes[0].usdt: needs \"until\"",
            "probes[1].usdt.until: has no effect",
            "probes[2].usdt.args: at most 2 arguments can be text, found 3",
            "probes[2].usdt.args.d.at: expected a number from 0 to 7, found 8",
            "probes[2].histogram.value: expected an integer, and \"a\" is text",
            "probes[3].function.result: expected an integer type",
            "probes[3].histogram.name: another probe has the metric \"h\"",
            "probes[3].histogram.unit: a duration is in seconds",
            "probes[3].histogram.boundaries: expected at most 200 numbers",
        ],
    );
}

#[test]
fn types_and_keys_are_told() {
    assert_mistakes(
        "
  - name: a
    function: { path: p, symbol: s, args: { x: { at: 0, type: float }, y: { type: int8 }, z: { at: -1, type: int8 } } }
    counter: { name: c, value: x, attributes: { shop.y: y } }
",
        &[
            "probes[0].function.args.x.type: unknown type \"float\"",
            "probes[0].function.args.y: needs \"at\"",
            "probes[0].function.args.z.at: ",
        ],
    );
}

#[test]
fn there_is_a_bound() {
    let probe = |index| {
        format!(
            "  - {{ name: p{index}, function: {{ path: p, symbol: s }}, counter: {{ name: c{index} }} }}\n"
        )
    };
    let many: String = (0..65).map(probe).collect();
    assert_mistakes(&many, &["probes: at most 64 probes, found 65"]);
}
