use super::*;

/// Fields of a block as text, `?` for what is unknown.
fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, Malformed> {
    decode_cut(decoder, block, false)
}

fn decode_cut(decoder: &mut Decoder, block: &[u8], cut: bool) -> Result<Vec<String>, Malformed> {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"?")).into_owned();
    let mut fields = Vec::new();
    decoder.decode(block, cut, |field| {
        fields.push(format!("{}: {}", text(field.name), text(field.value)));
    })?;
    Ok(fields)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a digit");
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0]) << 4 | digit(pair[1])).expect("two digits");
    digits.chunks(2).map(byte).collect()
}

/// Blocks of one direction, each with its fields and the size of the table afterwards.
fn conversation(decoder: &mut Decoder, blocks: &[(&str, &[&str], usize)]) {
    for (block, fields, size) in blocks {
        let found = decode(decoder, &bytes(block)).expect("it is well-formed");
        assert_eq!(found, *fields);
        assert_eq!(decoder.size(), *size, "{fields:?}");
    }
}

/// RFC 7541, C.2.
#[test]
fn representations() {
    let decoder = &mut Decoder::new();
    conversation(
        decoder,
        &[
            (
                "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
                &["custom-key: custom-header"],
                55,
            ),
            ("040c 2f73 616d 706c 652f 7061 7468", &[":path: /sample/path"], 55),
            ("1008 7061 7373 776f 7264 0673 6563 7265 74", &["password: secret"], 55),
            ("82", &[":method: GET"], 55),
        ],
    );
}

const REQUESTS: [&[&str]; 3] = [
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
    &[
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ],
];

/// RFC 7541, C.3 and C.4.
#[test]
fn requests() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, coded] {
        let sizes = [57, 110, 164];
        let all: Vec<_> = (0..3).map(|index| (blocks[index], REQUESTS[index], sizes[index])).collect();
        conversation(&mut Decoder::new(), &all);
    }
}

/// RFC 7541, C.5 and C.6, with the limit of 256 told in the block.
#[test]
fn responses_with_evictions() {
    let first = "Mon, 21 Oct 2013 20:13:21 GMT";
    let fields: [&[&str]; 3] = [
        &[
            ":status: 302",
            "cache-control: private",
            &format!("date: {first}"),
            "location: https://www.example.com",
        ],
        &[
            ":status: 307",
            "cache-control: private",
            &format!("date: {first}"),
            "location: https://www.example.com",
        ],
        &[
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            "location: https://www.example.com",
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
    ];
    let plain = [
        "3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 \
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 \
         666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 \
         3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let coded = [
        "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad \
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 \
         b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    for blocks in [plain, coded] {
        let sizes = [222, 222, 215];
        let all: Vec<_> = (0..3).map(|index| (blocks[index], fields[index], sizes[index])).collect();
        conversation(&mut Decoder::new(), &all);
    }
}

/// RFC 7541, C.1, by way of a size update and of an index.
#[test]
fn integers() {
    let ok = |decoder: &mut Decoder, block: &str| decode(decoder, &bytes(block)).map(|fields| fields.len());
    let decoder = &mut Decoder::joined();
    assert_eq!(ok(decoder, "3f9a0a 82"), Ok(1), "1337");
    assert_eq!(ok(decoder, "ffffffffff0f"), Err(Malformed), "2^32 and more");
    assert_eq!(ok(decoder, "ff8080808000"), Ok(1), "zeros in front cost nothing");
    assert_eq!(ok(decoder, "ff808080808000"), Err(Malformed), "so many of them are an attack");
    assert_eq!(ok(decoder, "80"), Err(Malformed), "there is no index 0");
    assert_eq!(ok(decoder, "82 20"), Err(Malformed), "the size is told first");
}

#[test]
fn indices_beyond_the_table() {
    let late = bytes("bf be");
    assert_eq!(decode(&mut Decoder::new(), &late), Err(Malformed));
    let decoder = &mut Decoder::joined();
    assert_eq!(decode(decoder, &late).expect("it may be right"), ["?: ?", "?: ?"]);
    // An empty table is known; so is one that had to let go of entries that are.
    decode(decoder, &bytes("20")).expect("the size is 0");
    assert_eq!(decode(decoder, &late), Err(Malformed));
}

#[test]
fn joined_late() {
    let decoder = &mut Decoder::joined();
    // `bf` is the second of what is there: unknown, with or without a value of its own.
    assert_eq!(decode(decoder, &bytes("82 bf 7f00 0179")).expect("fine"), [":method: GET", "?: ?", "?: y"]);
    // The last was inserted, so what is behind it moved; the new one has a value and still no name.
    assert_eq!(decode(decoder, &bytes("be bf")).expect("fine"), ["?: y", "?: ?"]);
    assert_eq!(decode(decoder, &bytes("4001 6101 62")).expect("fine"), ["a: b"]);
    assert_eq!(decode(decoder, &bytes("be bf c0")).expect("fine"), ["a: b", "?: y", "?: ?"]);
    // What is inserted under a name that is known has that name.
    assert_eq!(decode(decoder, &bytes("7e01 63 be")).expect("fine"), ["a: c", "a: c"]);
    decoder.lose();
    assert_eq!(decode(decoder, &bytes("be")).expect("fine"), ["?: ?"]);
}

#[test]
fn a_cut_block_gives_what_it_has_and_costs_the_table() {
    let block = bytes("8286 4001 6101 62 4001 6301 64");
    for cut in 0..block.len() {
        let decoder = &mut Decoder::new();
        let fields = decode_cut(decoder, &block[..cut], true).expect("it is a beginning");
        let whole = [":method: GET", ":scheme: http", "a: b", "c: d"];
        assert_eq!(fields, whole[..fields.len()]);
        assert_eq!(decode(decoder, &bytes("be")).expect("it may be right"), ["?: ?"]);
        if ![0, 1, 2, 7].contains(&cut) {
            assert_eq!(decode(&mut Decoder::new(), &block[..cut]), Err(Malformed));
        }
    }
}

#[test]
fn an_entry_too_large_empties_the_table() {
    let decoder = &mut Decoder::new();
    decode(decoder, &bytes("4001 6101 62")).expect("fine");
    let mut large = bytes("4001 61 7fa11f");
    large.extend([b'x'; 4128]);
    decode(decoder, &large).expect("fine");
    assert_eq!(decoder.size(), 0);
    let mut late = Decoder::joined();
    decode(&mut late, &large).expect("fine");
    decode(&mut late, &bytes("4001 6101 62")).expect("fine");
    assert_eq!(decode(&mut late, &bytes("be bf")).expect("fine"), ["a: b", "?: ?"]);
}
