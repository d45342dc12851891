//! Exchanges to test with.
use proptest::{collection, option, prelude::*};
use std::{ops::Range, sync::Arc};
use underspan_protocols::message::{Attribute, AttributeKind, Attributes, Convention, Metric, Role, Value};

use crate::{correlate::exchange::Exchange, discover::resource::Resource};

pub(crate) use underspan_protocols::semconv::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD as METHOD, HTTP_RESPONSE_STATUS_CODE as STATUS, HTTP_ROUTE as ROUTE,
    URL_PATH as PATH,
};
use underspan_protocols::semconv::attribute::{
    HTTP_REQUEST_BODY_SIZE as REQUEST_SIZE, HTTP_RESPONSE_BODY_SIZE as SIZE, PROCESS_COMMAND_ARGS as LIST,
    SERVICE_NAME as SERVICE,
};

const DOUBLE: Attribute = Attribute { name: "underspan.test.double", kind: AttributeKind::Double };
const BOOLEAN: Attribute = Attribute { name: "underspan.test.boolean", kind: AttributeKind::Boolean };

pub(crate) static DURATION: Metric = Metric {
    name: "http.server.request.duration",
    unit: "s",
    description: "Duration of HTTP server requests.",
    boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
    attributes: &[METHOD, STATUS, ROUTE, ERROR_TYPE],
};
pub(crate) static RESPONSE_SIZE: Metric = Metric {
    name: "http.server.response.body.size",
    unit: "By",
    description: "Size of HTTP server response bodies.",
    boundaries: &[],
    attributes: &[METHOD, STATUS, ROUTE],
};
pub(crate) static HTTP: Convention = Convention {
    duration: &DURATION,
    request_size: None,
    response_size: Some(&RESPONSE_SIZE),
    request_size_attribute: Some(REQUEST_SIZE),
    response_size_attribute: Some(SIZE),
};

/// A process.
pub(crate) fn resource(service: &str) -> Arc<Resource> {
    Arc::new(Resource {
        pid: 42,
        service: service.to_owned(),
        attributes: vec![
            (SERVICE, Value::String(service.to_owned())),
            (LIST, Value::StringArray(vec!["-v".into(), String::new()])),
        ],
    })
}

/// A request that was served well.
pub(crate) fn server() -> Exchange {
    Exchange {
        resource: resource("shop"),
        role: Role::Server,
        trace_id: [1; 16],
        span_id: [2; 8],
        parent_id: None,
        parent_remote: false,
        flags: 3,
        state: String::new(),
        operation: "GET".into(),
        route: Some("/orders/{id}".into()),
        start: 1_700_000_000_000_000_000,
        first_response: Some(1_700_000_000_001_000_000),
        end: 1_700_000_000_002_000_000,
        request_size: 0,
        response_size: 512,
        error: None,
        attributes: vec![
            (METHOD, Value::Static("GET")),
            (PATH, Value::String("/orders/17".into())),
            (STATUS, Value::Int(200)),
            (ROUTE, Value::String("/orders/{id}".into())),
        ],
        events: Vec::new(),
        convention: &HTTP,
    }
}

fn values() -> impl Strategy<Value = (Attribute, Value)> {
    prop_oneof![
        any::<String>().prop_map(|text| (PATH, Value::String(text))),
        (0..600_usize).prop_map(|length| (PATH, Value::String("x".repeat(length)))),
        any::<i64>().prop_map(|number| (STATUS, Value::Int(number))),
        (-1e9..1e9).prop_map(|number| (DOUBLE, Value::Double(number))),
        any::<bool>().prop_map(|truth| (BOOLEAN, Value::Boolean(truth))),
        collection::vec(any::<String>(), 0..4).prop_map(|texts| (LIST, Value::StringArray(texts))),
        Just((METHOD, Value::Static("GET"))),
    ]
}

/// Exchanges of up to three processes.
pub(crate) fn exchanges(count: Range<usize>) -> impl Strategy<Value = Vec<Exchange>> {
    let services = ["a", "b", "c"].map(resource);
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), option::of(any::<[u8; 8]>()), any::<bool>(), 0u8..4);
    let texts =
        ("[a-z=;]{0,12}", "[A-Z]{1,8}", option::of("(/[a-z{}]{1,8}){1,3}"), option::of("[a-z0-9_]{1,8}"));
    let numbers = (0..u64::MAX / 2, 0..1_u64 << 40, any::<u64>(), any::<u64>(), any::<bool>());
    let attributes: BoxedStrategy<Attributes> = collection::vec(values(), 0..9).boxed();
    let exchange = (0..3usize, ids, texts, numbers, attributes).prop_map(
        move |(service, ids, (state, operation, route, error), numbers, attributes)| {
            let (start, duration, request_size, response_size, client) = numbers;
            Exchange {
                resource: Arc::clone(&services[service]),
                role: if client { Role::Client } else { Role::Server },
                trace_id: ids.0,
                span_id: ids.1,
                parent_id: ids.2,
                parent_remote: ids.3,
                flags: ids.4,
                state,
                operation,
                route,
                start,
                first_response: None,
                end: start + duration,
                request_size,
                response_size,
                error,
                attributes,
                events: Vec::new(),
                convention: &HTTP,
            }
        },
    );
    collection::vec(exchange, count)
}
