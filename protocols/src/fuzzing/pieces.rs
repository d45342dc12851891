//! Pieces of each protocol, so that the fuzzer need not invent it.

/// The pieces of the protocol of this name.
pub(super) fn of(protocol: &str) -> &'static [&'static [u8]] {
    match protocol {
        "http2" => HTTP2,
        "mysql" => MYSQL,
        "postgresql" => POSTGRESQL,
        _ => HTTP1,
    }
}

const HTTP1: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /b?c=d HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"HEAD / HTTP/1.1\r\n",
    b"Expect: 100-continue\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 500 No\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    b"Upgrade: x\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"Forwarded: for=\"[::1]\";host=x, b\r\n",
    b"\r\n",
];

const HTTP2: &[&[u8]] = &[
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
    b"\x00\x00\x00\x04\x01\x00\x00\x00\x00",
    // GET http://a/ on streams 1 and 3; the second with an entry, then by its index.
    b"\x00\x00\x06\x01\x05\x00\x00\x00\x01\x82\x86\x84\x01\x01a",
    b"\x00\x00\x06\x01\x05\x00\x00\x00\x03\x82\x86\x84\x41\x01a",
    b"\x00\x00\x04\x01\x04\x00\x00\x00\x05\x82\x86\x84\xbe",
    b"\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88",
    b"\x00\x00\x01\x01\x04\x00\x00\x00\x03\x8e",
    b"\x00\x00\x01\x01\x05\x00\x00\x00\x05\xbf",
    b"\x00\x00\x05\x01\x04\x00\x00\x00\x03\x48\x03103",
    b"\x00\x00\x03\x00\x01\x00\x00\x00\x03abc",
    b"\x00\x00\x06\x00\x09\x00\x00\x00\x05\x02abc\x00\x00",
    b"\x00\x00\x02\x01\x01\x00\x00\x00\x07\x83\x86",
    b"\x00\x00\x01\x09\x04\x00\x00\x00\x07\x84",
    b"\x00\x00\x04\x03\x00\x00\x00\x00\x03\x00\x00\x00\x08",
    b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00",
    b"\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x82",
    b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x01\x00\x00",
    // POST with `content-type: application/grpc`, a message, and trailers.
    b"\x00\x00\x18\x01\x04\x00\x00\x00\x09\x83\x86\x04\x02/m\x5f\x10application/grpc",
    b"\x00\x00\x06\x00\x01\x00\x00\x00\x09\x00\x00\x00\x00\x01x",
    b"\x00\x00\x0f\x01\x05\x00\x00\x00\x09\x00\x0bgrpc-status\x010",
];

const MYSQL: &[&[u8]] = &[
    b"\x2a\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\x08\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0\0",
    b"\x2a\0\0\x01\x0d\xa2\x08\0\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a\0\0shop\0\0",
    b"\x07\0\0\x01\0\0\0\x02\0\0\0",
    b"\x07\0\0\x01\0\x01\0\x0a\0\0\0",
    b"\x19\0\0\0\x03SELECT 'a' FROM b; CALL c",
    b"\0\x10\0\0\x03SELECT 'a",
    b"\x09\0\0\0\x16SELECT ?",
    b"\x0d\0\0\x01\0\x01\0\0\0\x01\0\x01\0\0\0\0\0",
    b"\x0a\0\0\0\x17\x01\0\0\0\0\x01\0\0\0",
    b"\x05\0\0\0\x1c\x01\0\0\0",
    b"\x01\0\0\x01\x01\x03\0\0\x02def",
    b"\x05\0\0\x03\xfe\0\0\x02\0",
    b"\x05\0\0\x05\xfe\0\0\x0a\0",
    b"\x07\0\0\x05\xfe\0\0\x02\0\0\0",
    b"\x02\0\0\x04\x01x",
    b"\x0b\0\0\x01\xff\x2d\x05#70100no",
    b"\x02\0\0\x01\xfbf",
    b"\0\0\0\x02",
    b"\xff\xff\xff\x04ab",
    b"\x02\0\0\0\x02d",
];

const POSTGRESQL: &[&[u8]] = &[
    b"\0\0\0\x0f\0\x03\0\0user\0a\0",
    b"\0\0\0\x08\x04\xd2\x16\x2f",
    b"N",
    b"Q\0\0\0\x1cSELECT 'a' FROM b; COPY\0",
    b"Q\0\0\x10\0SELECT \"a",
    b"P\0\0\0\x10a\0SELECT 1\0\0",
    b"B\0\0\0\x0d\0a\0\0\0\0\0\0\0",
    b"E\0\0\0\x09\0\0\0\0\x01",
    b"S\0\0\0\x04",
    b"F\0\0\0\x0c\0\0\0\0\0\0\0\0",
    b"c\0\0\0\x04",
    b"C\0\0\0\x0dSELECT 2\0",
    b"Z\0\0\0\x05I",
    b"E\0\0\0\x1eSERROR\0VERROR\0C22012\0Mx\0\0\0",
    b"1\0\0\0\x042\0\0\0\x04",
    b"D\0\0\0\x0b\0\x01\0\0\0\x01x",
    b"D\0\x01\0\0abc",
    b"G\0\0\0\x07\0\0\0",
    b"s\0\0\0\x04",
    b"V\0\0\0\x08\xff\xff\xff\xff",
    b"T\0\0\0\x06\0\0",
];
