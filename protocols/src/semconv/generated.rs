//! Generated from the OpenTelemetry semantic conventions 1.44.0 by
//! `cargo xtask semconv semconv-1.44.0.registry.min.json`; do not edit.

use crate::message::{Attribute, AttributeKind, Metric};

/// Schema these names belong to.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// Attributes, by name in upper case.
pub mod attribute {
    use super::{Attribute, AttributeKind};

    /// `client.address`
    pub const CLIENT_ADDRESS: Attribute = Attribute { name: "client.address", kind: AttributeKind::String };

    /// `client.port`
    pub const CLIENT_PORT: Attribute = Attribute { name: "client.port", kind: AttributeKind::Int };

    /// `cloud.account.id`
    pub const CLOUD_ACCOUNT_ID: Attribute =
        Attribute { name: "cloud.account.id", kind: AttributeKind::String };

    /// `cloud.availability_zone`
    pub const CLOUD_AVAILABILITY_ZONE: Attribute =
        Attribute { name: "cloud.availability_zone", kind: AttributeKind::String };

    /// `cloud.platform`
    pub const CLOUD_PLATFORM: Attribute = Attribute { name: "cloud.platform", kind: AttributeKind::String };

    /// `cloud.provider`
    pub const CLOUD_PROVIDER: Attribute = Attribute { name: "cloud.provider", kind: AttributeKind::String };

    /// `cloud.region`
    pub const CLOUD_REGION: Attribute = Attribute { name: "cloud.region", kind: AttributeKind::String };

    /// `cloud.resource_id`
    pub const CLOUD_RESOURCE_ID: Attribute =
        Attribute { name: "cloud.resource_id", kind: AttributeKind::String };

    /// `code.column.number`
    pub const CODE_COLUMN_NUMBER: Attribute =
        Attribute { name: "code.column.number", kind: AttributeKind::Int };

    /// `code.file.path`
    pub const CODE_FILE_PATH: Attribute = Attribute { name: "code.file.path", kind: AttributeKind::String };

    /// `code.function.name`
    pub const CODE_FUNCTION_NAME: Attribute =
        Attribute { name: "code.function.name", kind: AttributeKind::String };

    /// `code.line.number`
    pub const CODE_LINE_NUMBER: Attribute = Attribute { name: "code.line.number", kind: AttributeKind::Int };

    /// `code.stacktrace`
    pub const CODE_STACKTRACE: Attribute = Attribute { name: "code.stacktrace", kind: AttributeKind::String };

    /// `container.command`
    pub const CONTAINER_COMMAND: Attribute =
        Attribute { name: "container.command", kind: AttributeKind::String };

    /// `container.command_args`
    pub const CONTAINER_COMMAND_ARGS: Attribute =
        Attribute { name: "container.command_args", kind: AttributeKind::StringArray };

    /// `container.command_line`
    pub const CONTAINER_COMMAND_LINE: Attribute =
        Attribute { name: "container.command_line", kind: AttributeKind::String };

    /// `container.csi.plugin.name`
    pub const CONTAINER_CSI_PLUGIN_NAME: Attribute =
        Attribute { name: "container.csi.plugin.name", kind: AttributeKind::String };

    /// `container.csi.volume.id`
    pub const CONTAINER_CSI_VOLUME_ID: Attribute =
        Attribute { name: "container.csi.volume.id", kind: AttributeKind::String };

    /// `container.id`
    pub const CONTAINER_ID: Attribute = Attribute { name: "container.id", kind: AttributeKind::String };

    /// `container.image.id`
    pub const CONTAINER_IMAGE_ID: Attribute =
        Attribute { name: "container.image.id", kind: AttributeKind::String };

    /// `container.image.name`
    pub const CONTAINER_IMAGE_NAME: Attribute =
        Attribute { name: "container.image.name", kind: AttributeKind::String };

    /// `container.image.repo_digests`
    pub const CONTAINER_IMAGE_REPO_DIGESTS: Attribute =
        Attribute { name: "container.image.repo_digests", kind: AttributeKind::StringArray };

    /// `container.image.tags`
    pub const CONTAINER_IMAGE_TAGS: Attribute =
        Attribute { name: "container.image.tags", kind: AttributeKind::StringArray };

    /// `container.name`
    pub const CONTAINER_NAME: Attribute = Attribute { name: "container.name", kind: AttributeKind::String };

    /// `container.runtime.description`
    pub const CONTAINER_RUNTIME_DESCRIPTION: Attribute =
        Attribute { name: "container.runtime.description", kind: AttributeKind::String };

    /// `container.runtime.name`
    pub const CONTAINER_RUNTIME_NAME: Attribute =
        Attribute { name: "container.runtime.name", kind: AttributeKind::String };

    /// `container.runtime.version`
    pub const CONTAINER_RUNTIME_VERSION: Attribute =
        Attribute { name: "container.runtime.version", kind: AttributeKind::String };

    /// `cpu.logical_number`
    pub const CPU_LOGICAL_NUMBER: Attribute =
        Attribute { name: "cpu.logical_number", kind: AttributeKind::Int };

    /// `cpu.mode`
    pub const CPU_MODE: Attribute = Attribute { name: "cpu.mode", kind: AttributeKind::String };

    /// `cpython.gc.generation`
    pub const CPYTHON_GC_GENERATION: Attribute =
        Attribute { name: "cpython.gc.generation", kind: AttributeKind::Int };

    /// `db.client.connection.pool.name`
    pub const DB_CLIENT_CONNECTION_POOL_NAME: Attribute =
        Attribute { name: "db.client.connection.pool.name", kind: AttributeKind::String };

    /// `db.client.connection.state`
    pub const DB_CLIENT_CONNECTION_STATE: Attribute =
        Attribute { name: "db.client.connection.state", kind: AttributeKind::String };

    /// `db.collection.name`
    pub const DB_COLLECTION_NAME: Attribute =
        Attribute { name: "db.collection.name", kind: AttributeKind::String };

    /// `db.namespace`
    pub const DB_NAMESPACE: Attribute = Attribute { name: "db.namespace", kind: AttributeKind::String };

    /// `db.operation.batch.size`
    pub const DB_OPERATION_BATCH_SIZE: Attribute =
        Attribute { name: "db.operation.batch.size", kind: AttributeKind::Int };

    /// `db.operation.name`
    pub const DB_OPERATION_NAME: Attribute =
        Attribute { name: "db.operation.name", kind: AttributeKind::String };

    /// `db.query.summary`
    pub const DB_QUERY_SUMMARY: Attribute =
        Attribute { name: "db.query.summary", kind: AttributeKind::String };

    /// `db.query.text`
    pub const DB_QUERY_TEXT: Attribute = Attribute { name: "db.query.text", kind: AttributeKind::String };

    /// `db.response.returned_rows`
    pub const DB_RESPONSE_RETURNED_ROWS: Attribute =
        Attribute { name: "db.response.returned_rows", kind: AttributeKind::Int };

    /// `db.response.status_code`
    pub const DB_RESPONSE_STATUS_CODE: Attribute =
        Attribute { name: "db.response.status_code", kind: AttributeKind::String };

    /// `db.stored_procedure.name`
    pub const DB_STORED_PROCEDURE_NAME: Attribute =
        Attribute { name: "db.stored_procedure.name", kind: AttributeKind::String };

    /// `db.system.name`
    pub const DB_SYSTEM_NAME: Attribute = Attribute { name: "db.system.name", kind: AttributeKind::String };

    /// `deployment.environment.name`
    pub const DEPLOYMENT_ENVIRONMENT_NAME: Attribute =
        Attribute { name: "deployment.environment.name", kind: AttributeKind::String };

    /// `deployment.id`
    pub const DEPLOYMENT_ID: Attribute = Attribute { name: "deployment.id", kind: AttributeKind::String };

    /// `deployment.name`
    pub const DEPLOYMENT_NAME: Attribute = Attribute { name: "deployment.name", kind: AttributeKind::String };

    /// `deployment.status`
    pub const DEPLOYMENT_STATUS: Attribute =
        Attribute { name: "deployment.status", kind: AttributeKind::String };

    /// `destination.address`
    pub const DESTINATION_ADDRESS: Attribute =
        Attribute { name: "destination.address", kind: AttributeKind::String };

    /// `destination.port`
    pub const DESTINATION_PORT: Attribute = Attribute { name: "destination.port", kind: AttributeKind::Int };

    /// `disk.io.direction`
    pub const DISK_IO_DIRECTION: Attribute =
        Attribute { name: "disk.io.direction", kind: AttributeKind::String };

    /// `dns.answers`
    pub const DNS_ANSWERS: Attribute = Attribute { name: "dns.answers", kind: AttributeKind::StringArray };

    /// `dns.question.name`
    pub const DNS_QUESTION_NAME: Attribute =
        Attribute { name: "dns.question.name", kind: AttributeKind::String };

    /// `error.type`
    pub const ERROR_TYPE: Attribute = Attribute { name: "error.type", kind: AttributeKind::String };

    /// `exception.message`
    pub const EXCEPTION_MESSAGE: Attribute =
        Attribute { name: "exception.message", kind: AttributeKind::String };

    /// `exception.stacktrace`
    pub const EXCEPTION_STACKTRACE: Attribute =
        Attribute { name: "exception.stacktrace", kind: AttributeKind::String };

    /// `exception.type`
    pub const EXCEPTION_TYPE: Attribute = Attribute { name: "exception.type", kind: AttributeKind::String };

    /// `file.lock.mechanism`
    pub const FILE_LOCK_MECHANISM: Attribute =
        Attribute { name: "file.lock.mechanism", kind: AttributeKind::String };

    /// `file.lock.mode`
    pub const FILE_LOCK_MODE: Attribute = Attribute { name: "file.lock.mode", kind: AttributeKind::String };

    /// `file.lock.type`
    pub const FILE_LOCK_TYPE: Attribute = Attribute { name: "file.lock.type", kind: AttributeKind::String };

    /// `go.cpu.detailed_state`
    pub const GO_CPU_DETAILED_STATE: Attribute =
        Attribute { name: "go.cpu.detailed_state", kind: AttributeKind::String };

    /// `go.cpu.state`
    pub const GO_CPU_STATE: Attribute = Attribute { name: "go.cpu.state", kind: AttributeKind::String };

    /// `go.memory.detailed_type`
    pub const GO_MEMORY_DETAILED_TYPE: Attribute =
        Attribute { name: "go.memory.detailed_type", kind: AttributeKind::String };

    /// `go.memory.type`
    pub const GO_MEMORY_TYPE: Attribute = Attribute { name: "go.memory.type", kind: AttributeKind::String };

    /// `graphql.document`
    pub const GRAPHQL_DOCUMENT: Attribute =
        Attribute { name: "graphql.document", kind: AttributeKind::String };

    /// `graphql.operation.name`
    pub const GRAPHQL_OPERATION_NAME: Attribute =
        Attribute { name: "graphql.operation.name", kind: AttributeKind::String };

    /// `graphql.operation.type`
    pub const GRAPHQL_OPERATION_TYPE: Attribute =
        Attribute { name: "graphql.operation.type", kind: AttributeKind::String };

    /// `host.arch`
    pub const HOST_ARCH: Attribute = Attribute { name: "host.arch", kind: AttributeKind::String };

    /// `host.cpu.cache.l2.size`
    pub const HOST_CPU_CACHE_L2_SIZE: Attribute =
        Attribute { name: "host.cpu.cache.l2.size", kind: AttributeKind::Int };

    /// `host.cpu.family`
    pub const HOST_CPU_FAMILY: Attribute = Attribute { name: "host.cpu.family", kind: AttributeKind::String };

    /// `host.cpu.model.id`
    pub const HOST_CPU_MODEL_ID: Attribute =
        Attribute { name: "host.cpu.model.id", kind: AttributeKind::String };

    /// `host.cpu.model.name`
    pub const HOST_CPU_MODEL_NAME: Attribute =
        Attribute { name: "host.cpu.model.name", kind: AttributeKind::String };

    /// `host.cpu.stepping`
    pub const HOST_CPU_STEPPING: Attribute =
        Attribute { name: "host.cpu.stepping", kind: AttributeKind::String };

    /// `host.cpu.vendor.id`
    pub const HOST_CPU_VENDOR_ID: Attribute =
        Attribute { name: "host.cpu.vendor.id", kind: AttributeKind::String };

    /// `host.id`
    pub const HOST_ID: Attribute = Attribute { name: "host.id", kind: AttributeKind::String };

    /// `host.image.id`
    pub const HOST_IMAGE_ID: Attribute = Attribute { name: "host.image.id", kind: AttributeKind::String };

    /// `host.image.name`
    pub const HOST_IMAGE_NAME: Attribute = Attribute { name: "host.image.name", kind: AttributeKind::String };

    /// `host.image.version`
    pub const HOST_IMAGE_VERSION: Attribute =
        Attribute { name: "host.image.version", kind: AttributeKind::String };

    /// `host.ip`
    pub const HOST_IP: Attribute = Attribute { name: "host.ip", kind: AttributeKind::StringArray };

    /// `host.mac`
    pub const HOST_MAC: Attribute = Attribute { name: "host.mac", kind: AttributeKind::StringArray };

    /// `host.name`
    pub const HOST_NAME: Attribute = Attribute { name: "host.name", kind: AttributeKind::String };

    /// `host.type`
    pub const HOST_TYPE: Attribute = Attribute { name: "host.type", kind: AttributeKind::String };

    /// `http.connection.state`
    pub const HTTP_CONNECTION_STATE: Attribute =
        Attribute { name: "http.connection.state", kind: AttributeKind::String };

    /// `http.request.body.size`
    pub const HTTP_REQUEST_BODY_SIZE: Attribute =
        Attribute { name: "http.request.body.size", kind: AttributeKind::Int };

    /// `http.request.method`
    pub const HTTP_REQUEST_METHOD: Attribute =
        Attribute { name: "http.request.method", kind: AttributeKind::String };

    /// `http.request.method_original`
    pub const HTTP_REQUEST_METHOD_ORIGINAL: Attribute =
        Attribute { name: "http.request.method_original", kind: AttributeKind::String };

    /// `http.request.resend_count`
    pub const HTTP_REQUEST_RESEND_COUNT: Attribute =
        Attribute { name: "http.request.resend_count", kind: AttributeKind::Int };

    /// `http.request.size`
    pub const HTTP_REQUEST_SIZE: Attribute =
        Attribute { name: "http.request.size", kind: AttributeKind::Int };

    /// `http.response.body.size`
    pub const HTTP_RESPONSE_BODY_SIZE: Attribute =
        Attribute { name: "http.response.body.size", kind: AttributeKind::Int };

    /// `http.response.size`
    pub const HTTP_RESPONSE_SIZE: Attribute =
        Attribute { name: "http.response.size", kind: AttributeKind::Int };

    /// `http.response.status_code`
    pub const HTTP_RESPONSE_STATUS_CODE: Attribute =
        Attribute { name: "http.response.status_code", kind: AttributeKind::Int };

    /// `http.route`
    pub const HTTP_ROUTE: Attribute = Attribute { name: "http.route", kind: AttributeKind::String };

    /// `jvm.buffer.pool.name`
    pub const JVM_BUFFER_POOL_NAME: Attribute =
        Attribute { name: "jvm.buffer.pool.name", kind: AttributeKind::String };

    /// `jvm.gc.action`
    pub const JVM_GC_ACTION: Attribute = Attribute { name: "jvm.gc.action", kind: AttributeKind::String };

    /// `jvm.gc.cause`
    pub const JVM_GC_CAUSE: Attribute = Attribute { name: "jvm.gc.cause", kind: AttributeKind::String };

    /// `jvm.gc.name`
    pub const JVM_GC_NAME: Attribute = Attribute { name: "jvm.gc.name", kind: AttributeKind::String };

    /// `jvm.memory.pool.name`
    pub const JVM_MEMORY_POOL_NAME: Attribute =
        Attribute { name: "jvm.memory.pool.name", kind: AttributeKind::String };

    /// `jvm.memory.type`
    pub const JVM_MEMORY_TYPE: Attribute = Attribute { name: "jvm.memory.type", kind: AttributeKind::String };

    /// `jvm.thread.daemon`
    pub const JVM_THREAD_DAEMON: Attribute =
        Attribute { name: "jvm.thread.daemon", kind: AttributeKind::Boolean };

    /// `jvm.thread.state`
    pub const JVM_THREAD_STATE: Attribute =
        Attribute { name: "jvm.thread.state", kind: AttributeKind::String };

    /// `k8s.cluster.name`
    pub const K8S_CLUSTER_NAME: Attribute =
        Attribute { name: "k8s.cluster.name", kind: AttributeKind::String };

    /// `k8s.cluster.uid`
    pub const K8S_CLUSTER_UID: Attribute = Attribute { name: "k8s.cluster.uid", kind: AttributeKind::String };

    /// `k8s.container.ephemeral_storage.fs_type`
    pub const K8S_CONTAINER_EPHEMERAL_STORAGE_FS_TYPE: Attribute =
        Attribute { name: "k8s.container.ephemeral_storage.fs_type", kind: AttributeKind::String };

    /// `k8s.container.name`
    pub const K8S_CONTAINER_NAME: Attribute =
        Attribute { name: "k8s.container.name", kind: AttributeKind::String };

    /// `k8s.container.restart_count`
    pub const K8S_CONTAINER_RESTART_COUNT: Attribute =
        Attribute { name: "k8s.container.restart_count", kind: AttributeKind::Int };

    /// `k8s.container.status.last_terminated_reason`
    pub const K8S_CONTAINER_STATUS_LAST_TERMINATED_REASON: Attribute =
        Attribute { name: "k8s.container.status.last_terminated_reason", kind: AttributeKind::String };

    /// `k8s.container.status.reason`
    pub const K8S_CONTAINER_STATUS_REASON: Attribute =
        Attribute { name: "k8s.container.status.reason", kind: AttributeKind::String };

    /// `k8s.container.status.state`
    pub const K8S_CONTAINER_STATUS_STATE: Attribute =
        Attribute { name: "k8s.container.status.state", kind: AttributeKind::String };

    /// `k8s.cronjob.name`
    pub const K8S_CRONJOB_NAME: Attribute =
        Attribute { name: "k8s.cronjob.name", kind: AttributeKind::String };

    /// `k8s.cronjob.uid`
    pub const K8S_CRONJOB_UID: Attribute = Attribute { name: "k8s.cronjob.uid", kind: AttributeKind::String };

    /// `k8s.daemonset.name`
    pub const K8S_DAEMONSET_NAME: Attribute =
        Attribute { name: "k8s.daemonset.name", kind: AttributeKind::String };

    /// `k8s.daemonset.uid`
    pub const K8S_DAEMONSET_UID: Attribute =
        Attribute { name: "k8s.daemonset.uid", kind: AttributeKind::String };

    /// `k8s.deployment.name`
    pub const K8S_DEPLOYMENT_NAME: Attribute =
        Attribute { name: "k8s.deployment.name", kind: AttributeKind::String };

    /// `k8s.deployment.uid`
    pub const K8S_DEPLOYMENT_UID: Attribute =
        Attribute { name: "k8s.deployment.uid", kind: AttributeKind::String };

    /// `k8s.hpa.metric.type`
    pub const K8S_HPA_METRIC_TYPE: Attribute =
        Attribute { name: "k8s.hpa.metric.type", kind: AttributeKind::String };

    /// `k8s.hpa.name`
    pub const K8S_HPA_NAME: Attribute = Attribute { name: "k8s.hpa.name", kind: AttributeKind::String };

    /// `k8s.hpa.scaletargetref.api_version`
    pub const K8S_HPA_SCALETARGETREF_API_VERSION: Attribute =
        Attribute { name: "k8s.hpa.scaletargetref.api_version", kind: AttributeKind::String };

    /// `k8s.hpa.scaletargetref.kind`
    pub const K8S_HPA_SCALETARGETREF_KIND: Attribute =
        Attribute { name: "k8s.hpa.scaletargetref.kind", kind: AttributeKind::String };

    /// `k8s.hpa.scaletargetref.name`
    pub const K8S_HPA_SCALETARGETREF_NAME: Attribute =
        Attribute { name: "k8s.hpa.scaletargetref.name", kind: AttributeKind::String };

    /// `k8s.hpa.uid`
    pub const K8S_HPA_UID: Attribute = Attribute { name: "k8s.hpa.uid", kind: AttributeKind::String };

    /// `k8s.hugepage.size`
    pub const K8S_HUGEPAGE_SIZE: Attribute =
        Attribute { name: "k8s.hugepage.size", kind: AttributeKind::String };

    /// `k8s.job.name`
    pub const K8S_JOB_NAME: Attribute = Attribute { name: "k8s.job.name", kind: AttributeKind::String };

    /// `k8s.job.uid`
    pub const K8S_JOB_UID: Attribute = Attribute { name: "k8s.job.uid", kind: AttributeKind::String };

    /// `k8s.namespace.name`
    pub const K8S_NAMESPACE_NAME: Attribute =
        Attribute { name: "k8s.namespace.name", kind: AttributeKind::String };

    /// `k8s.namespace.phase`
    pub const K8S_NAMESPACE_PHASE: Attribute =
        Attribute { name: "k8s.namespace.phase", kind: AttributeKind::String };

    /// `k8s.node.condition.status`
    pub const K8S_NODE_CONDITION_STATUS: Attribute =
        Attribute { name: "k8s.node.condition.status", kind: AttributeKind::String };

    /// `k8s.node.condition.type`
    pub const K8S_NODE_CONDITION_TYPE: Attribute =
        Attribute { name: "k8s.node.condition.type", kind: AttributeKind::String };

    /// `k8s.node.name`
    pub const K8S_NODE_NAME: Attribute = Attribute { name: "k8s.node.name", kind: AttributeKind::String };

    /// `k8s.node.system_container.name`
    pub const K8S_NODE_SYSTEM_CONTAINER_NAME: Attribute =
        Attribute { name: "k8s.node.system_container.name", kind: AttributeKind::String };

    /// `k8s.node.uid`
    pub const K8S_NODE_UID: Attribute = Attribute { name: "k8s.node.uid", kind: AttributeKind::String };

    /// `k8s.persistentvolume.name`
    pub const K8S_PERSISTENTVOLUME_NAME: Attribute =
        Attribute { name: "k8s.persistentvolume.name", kind: AttributeKind::String };

    /// `k8s.persistentvolume.reclaim_policy`
    pub const K8S_PERSISTENTVOLUME_RECLAIM_POLICY: Attribute =
        Attribute { name: "k8s.persistentvolume.reclaim_policy", kind: AttributeKind::String };

    /// `k8s.persistentvolume.status.phase`
    pub const K8S_PERSISTENTVOLUME_STATUS_PHASE: Attribute =
        Attribute { name: "k8s.persistentvolume.status.phase", kind: AttributeKind::String };

    /// `k8s.persistentvolume.uid`
    pub const K8S_PERSISTENTVOLUME_UID: Attribute =
        Attribute { name: "k8s.persistentvolume.uid", kind: AttributeKind::String };

    /// `k8s.persistentvolumeclaim.name`
    pub const K8S_PERSISTENTVOLUMECLAIM_NAME: Attribute =
        Attribute { name: "k8s.persistentvolumeclaim.name", kind: AttributeKind::String };

    /// `k8s.persistentvolumeclaim.status.phase`
    pub const K8S_PERSISTENTVOLUMECLAIM_STATUS_PHASE: Attribute =
        Attribute { name: "k8s.persistentvolumeclaim.status.phase", kind: AttributeKind::String };

    /// `k8s.persistentvolumeclaim.uid`
    pub const K8S_PERSISTENTVOLUMECLAIM_UID: Attribute =
        Attribute { name: "k8s.persistentvolumeclaim.uid", kind: AttributeKind::String };

    /// `k8s.pod.hostname`
    pub const K8S_POD_HOSTNAME: Attribute =
        Attribute { name: "k8s.pod.hostname", kind: AttributeKind::String };

    /// `k8s.pod.ip`
    pub const K8S_POD_IP: Attribute = Attribute { name: "k8s.pod.ip", kind: AttributeKind::String };

    /// `k8s.pod.name`
    pub const K8S_POD_NAME: Attribute = Attribute { name: "k8s.pod.name", kind: AttributeKind::String };

    /// `k8s.pod.start_time`
    pub const K8S_POD_START_TIME: Attribute =
        Attribute { name: "k8s.pod.start_time", kind: AttributeKind::String };

    /// `k8s.pod.status.phase`
    pub const K8S_POD_STATUS_PHASE: Attribute =
        Attribute { name: "k8s.pod.status.phase", kind: AttributeKind::String };

    /// `k8s.pod.status.reason`
    pub const K8S_POD_STATUS_REASON: Attribute =
        Attribute { name: "k8s.pod.status.reason", kind: AttributeKind::String };

    /// `k8s.pod.uid`
    pub const K8S_POD_UID: Attribute = Attribute { name: "k8s.pod.uid", kind: AttributeKind::String };

    /// `k8s.replicaset.name`
    pub const K8S_REPLICASET_NAME: Attribute =
        Attribute { name: "k8s.replicaset.name", kind: AttributeKind::String };

    /// `k8s.replicaset.uid`
    pub const K8S_REPLICASET_UID: Attribute =
        Attribute { name: "k8s.replicaset.uid", kind: AttributeKind::String };

    /// `k8s.replicationcontroller.name`
    pub const K8S_REPLICATIONCONTROLLER_NAME: Attribute =
        Attribute { name: "k8s.replicationcontroller.name", kind: AttributeKind::String };

    /// `k8s.replicationcontroller.uid`
    pub const K8S_REPLICATIONCONTROLLER_UID: Attribute =
        Attribute { name: "k8s.replicationcontroller.uid", kind: AttributeKind::String };

    /// `k8s.resourcequota.name`
    pub const K8S_RESOURCEQUOTA_NAME: Attribute =
        Attribute { name: "k8s.resourcequota.name", kind: AttributeKind::String };

    /// `k8s.resourcequota.resource_name`
    pub const K8S_RESOURCEQUOTA_RESOURCE_NAME: Attribute =
        Attribute { name: "k8s.resourcequota.resource_name", kind: AttributeKind::String };

    /// `k8s.resourcequota.uid`
    pub const K8S_RESOURCEQUOTA_UID: Attribute =
        Attribute { name: "k8s.resourcequota.uid", kind: AttributeKind::String };

    /// `k8s.service.endpoint.address_type`
    pub const K8S_SERVICE_ENDPOINT_ADDRESS_TYPE: Attribute =
        Attribute { name: "k8s.service.endpoint.address_type", kind: AttributeKind::String };

    /// `k8s.service.endpoint.condition`
    pub const K8S_SERVICE_ENDPOINT_CONDITION: Attribute =
        Attribute { name: "k8s.service.endpoint.condition", kind: AttributeKind::String };

    /// `k8s.service.endpoint.zone`
    pub const K8S_SERVICE_ENDPOINT_ZONE: Attribute =
        Attribute { name: "k8s.service.endpoint.zone", kind: AttributeKind::String };

    /// `k8s.service.name`
    pub const K8S_SERVICE_NAME: Attribute =
        Attribute { name: "k8s.service.name", kind: AttributeKind::String };

    /// `k8s.service.publish_not_ready_addresses`
    pub const K8S_SERVICE_PUBLISH_NOT_READY_ADDRESSES: Attribute =
        Attribute { name: "k8s.service.publish_not_ready_addresses", kind: AttributeKind::Boolean };

    /// `k8s.service.traffic_distribution`
    pub const K8S_SERVICE_TRAFFIC_DISTRIBUTION: Attribute =
        Attribute { name: "k8s.service.traffic_distribution", kind: AttributeKind::String };

    /// `k8s.service.type`
    pub const K8S_SERVICE_TYPE: Attribute =
        Attribute { name: "k8s.service.type", kind: AttributeKind::String };

    /// `k8s.service.uid`
    pub const K8S_SERVICE_UID: Attribute = Attribute { name: "k8s.service.uid", kind: AttributeKind::String };

    /// `k8s.statefulset.name`
    pub const K8S_STATEFULSET_NAME: Attribute =
        Attribute { name: "k8s.statefulset.name", kind: AttributeKind::String };

    /// `k8s.statefulset.uid`
    pub const K8S_STATEFULSET_UID: Attribute =
        Attribute { name: "k8s.statefulset.uid", kind: AttributeKind::String };

    /// `k8s.storageclass.name`
    pub const K8S_STORAGECLASS_NAME: Attribute =
        Attribute { name: "k8s.storageclass.name", kind: AttributeKind::String };

    /// `k8s.volume.name`
    pub const K8S_VOLUME_NAME: Attribute = Attribute { name: "k8s.volume.name", kind: AttributeKind::String };

    /// `k8s.volume.type`
    pub const K8S_VOLUME_TYPE: Attribute = Attribute { name: "k8s.volume.type", kind: AttributeKind::String };

    /// `messaging.batch.message_count`
    pub const MESSAGING_BATCH_MESSAGE_COUNT: Attribute =
        Attribute { name: "messaging.batch.message_count", kind: AttributeKind::Int };

    /// `messaging.client.id`
    pub const MESSAGING_CLIENT_ID: Attribute =
        Attribute { name: "messaging.client.id", kind: AttributeKind::String };

    /// `messaging.consumer.group.name`
    pub const MESSAGING_CONSUMER_GROUP_NAME: Attribute =
        Attribute { name: "messaging.consumer.group.name", kind: AttributeKind::String };

    /// `messaging.destination.anonymous`
    pub const MESSAGING_DESTINATION_ANONYMOUS: Attribute =
        Attribute { name: "messaging.destination.anonymous", kind: AttributeKind::Boolean };

    /// `messaging.destination.name`
    pub const MESSAGING_DESTINATION_NAME: Attribute =
        Attribute { name: "messaging.destination.name", kind: AttributeKind::String };

    /// `messaging.destination.partition.id`
    pub const MESSAGING_DESTINATION_PARTITION_ID: Attribute =
        Attribute { name: "messaging.destination.partition.id", kind: AttributeKind::String };

    /// `messaging.destination.subscription.name`
    pub const MESSAGING_DESTINATION_SUBSCRIPTION_NAME: Attribute =
        Attribute { name: "messaging.destination.subscription.name", kind: AttributeKind::String };

    /// `messaging.destination.template`
    pub const MESSAGING_DESTINATION_TEMPLATE: Attribute =
        Attribute { name: "messaging.destination.template", kind: AttributeKind::String };

    /// `messaging.destination.temporary`
    pub const MESSAGING_DESTINATION_TEMPORARY: Attribute =
        Attribute { name: "messaging.destination.temporary", kind: AttributeKind::Boolean };

    /// `messaging.eventhubs.message.enqueued_time`
    pub const MESSAGING_EVENTHUBS_MESSAGE_ENQUEUED_TIME: Attribute =
        Attribute { name: "messaging.eventhubs.message.enqueued_time", kind: AttributeKind::Int };

    /// `messaging.gcp_pubsub.message.ack_deadline`
    pub const MESSAGING_GCP_PUBSUB_MESSAGE_ACK_DEADLINE: Attribute =
        Attribute { name: "messaging.gcp_pubsub.message.ack_deadline", kind: AttributeKind::Int };

    /// `messaging.gcp_pubsub.message.ack_id`
    pub const MESSAGING_GCP_PUBSUB_MESSAGE_ACK_ID: Attribute =
        Attribute { name: "messaging.gcp_pubsub.message.ack_id", kind: AttributeKind::String };

    /// `messaging.gcp_pubsub.message.delivery_attempt`
    pub const MESSAGING_GCP_PUBSUB_MESSAGE_DELIVERY_ATTEMPT: Attribute =
        Attribute { name: "messaging.gcp_pubsub.message.delivery_attempt", kind: AttributeKind::Int };

    /// `messaging.gcp_pubsub.message.ordering_key`
    pub const MESSAGING_GCP_PUBSUB_MESSAGE_ORDERING_KEY: Attribute =
        Attribute { name: "messaging.gcp_pubsub.message.ordering_key", kind: AttributeKind::String };

    /// `messaging.kafka.cluster.id`
    pub const MESSAGING_KAFKA_CLUSTER_ID: Attribute =
        Attribute { name: "messaging.kafka.cluster.id", kind: AttributeKind::String };

    /// `messaging.kafka.message.key`
    pub const MESSAGING_KAFKA_MESSAGE_KEY: Attribute =
        Attribute { name: "messaging.kafka.message.key", kind: AttributeKind::String };

    /// `messaging.kafka.message.tombstone`
    pub const MESSAGING_KAFKA_MESSAGE_TOMBSTONE: Attribute =
        Attribute { name: "messaging.kafka.message.tombstone", kind: AttributeKind::Boolean };

    /// `messaging.kafka.offset`
    pub const MESSAGING_KAFKA_OFFSET: Attribute =
        Attribute { name: "messaging.kafka.offset", kind: AttributeKind::Int };

    /// `messaging.message.body.size`
    pub const MESSAGING_MESSAGE_BODY_SIZE: Attribute =
        Attribute { name: "messaging.message.body.size", kind: AttributeKind::Int };

    /// `messaging.message.conversation_id`
    pub const MESSAGING_MESSAGE_CONVERSATION_ID: Attribute =
        Attribute { name: "messaging.message.conversation_id", kind: AttributeKind::String };

    /// `messaging.message.envelope.size`
    pub const MESSAGING_MESSAGE_ENVELOPE_SIZE: Attribute =
        Attribute { name: "messaging.message.envelope.size", kind: AttributeKind::Int };

    /// `messaging.message.id`
    pub const MESSAGING_MESSAGE_ID: Attribute =
        Attribute { name: "messaging.message.id", kind: AttributeKind::String };

    /// `messaging.operation.name`
    pub const MESSAGING_OPERATION_NAME: Attribute =
        Attribute { name: "messaging.operation.name", kind: AttributeKind::String };

    /// `messaging.operation.type`
    pub const MESSAGING_OPERATION_TYPE: Attribute =
        Attribute { name: "messaging.operation.type", kind: AttributeKind::String };

    /// `messaging.rabbitmq.destination.routing_key`
    pub const MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY: Attribute =
        Attribute { name: "messaging.rabbitmq.destination.routing_key", kind: AttributeKind::String };

    /// `messaging.rabbitmq.message.delivery_tag`
    pub const MESSAGING_RABBITMQ_MESSAGE_DELIVERY_TAG: Attribute =
        Attribute { name: "messaging.rabbitmq.message.delivery_tag", kind: AttributeKind::Int };

    /// `messaging.rocketmq.consumption_model`
    pub const MESSAGING_ROCKETMQ_CONSUMPTION_MODEL: Attribute =
        Attribute { name: "messaging.rocketmq.consumption_model", kind: AttributeKind::String };

    /// `messaging.rocketmq.message.delay_time_level`
    pub const MESSAGING_ROCKETMQ_MESSAGE_DELAY_TIME_LEVEL: Attribute =
        Attribute { name: "messaging.rocketmq.message.delay_time_level", kind: AttributeKind::Int };

    /// `messaging.rocketmq.message.delivery_timestamp`
    pub const MESSAGING_ROCKETMQ_MESSAGE_DELIVERY_TIMESTAMP: Attribute =
        Attribute { name: "messaging.rocketmq.message.delivery_timestamp", kind: AttributeKind::Int };

    /// `messaging.rocketmq.message.group`
    pub const MESSAGING_ROCKETMQ_MESSAGE_GROUP: Attribute =
        Attribute { name: "messaging.rocketmq.message.group", kind: AttributeKind::String };

    /// `messaging.rocketmq.message.keys`
    pub const MESSAGING_ROCKETMQ_MESSAGE_KEYS: Attribute =
        Attribute { name: "messaging.rocketmq.message.keys", kind: AttributeKind::StringArray };

    /// `messaging.rocketmq.message.tag`
    pub const MESSAGING_ROCKETMQ_MESSAGE_TAG: Attribute =
        Attribute { name: "messaging.rocketmq.message.tag", kind: AttributeKind::String };

    /// `messaging.rocketmq.message.type`
    pub const MESSAGING_ROCKETMQ_MESSAGE_TYPE: Attribute =
        Attribute { name: "messaging.rocketmq.message.type", kind: AttributeKind::String };

    /// `messaging.rocketmq.namespace`
    pub const MESSAGING_ROCKETMQ_NAMESPACE: Attribute =
        Attribute { name: "messaging.rocketmq.namespace", kind: AttributeKind::String };

    /// `messaging.servicebus.disposition_status`
    pub const MESSAGING_SERVICEBUS_DISPOSITION_STATUS: Attribute =
        Attribute { name: "messaging.servicebus.disposition_status", kind: AttributeKind::String };

    /// `messaging.servicebus.message.delivery_count`
    pub const MESSAGING_SERVICEBUS_MESSAGE_DELIVERY_COUNT: Attribute =
        Attribute { name: "messaging.servicebus.message.delivery_count", kind: AttributeKind::Int };

    /// `messaging.servicebus.message.enqueued_time`
    pub const MESSAGING_SERVICEBUS_MESSAGE_ENQUEUED_TIME: Attribute =
        Attribute { name: "messaging.servicebus.message.enqueued_time", kind: AttributeKind::Int };

    /// `messaging.system`
    pub const MESSAGING_SYSTEM: Attribute =
        Attribute { name: "messaging.system", kind: AttributeKind::String };

    /// `network.carrier.icc`
    pub const NETWORK_CARRIER_ICC: Attribute =
        Attribute { name: "network.carrier.icc", kind: AttributeKind::String };

    /// `network.carrier.mcc`
    pub const NETWORK_CARRIER_MCC: Attribute =
        Attribute { name: "network.carrier.mcc", kind: AttributeKind::String };

    /// `network.carrier.mnc`
    pub const NETWORK_CARRIER_MNC: Attribute =
        Attribute { name: "network.carrier.mnc", kind: AttributeKind::String };

    /// `network.carrier.name`
    pub const NETWORK_CARRIER_NAME: Attribute =
        Attribute { name: "network.carrier.name", kind: AttributeKind::String };

    /// `network.connection.state`
    pub const NETWORK_CONNECTION_STATE: Attribute =
        Attribute { name: "network.connection.state", kind: AttributeKind::String };

    /// `network.connection.subtype`
    pub const NETWORK_CONNECTION_SUBTYPE: Attribute =
        Attribute { name: "network.connection.subtype", kind: AttributeKind::String };

    /// `network.connection.type`
    pub const NETWORK_CONNECTION_TYPE: Attribute =
        Attribute { name: "network.connection.type", kind: AttributeKind::String };

    /// `network.interface.name`
    pub const NETWORK_INTERFACE_NAME: Attribute =
        Attribute { name: "network.interface.name", kind: AttributeKind::String };

    /// `network.io.direction`
    pub const NETWORK_IO_DIRECTION: Attribute =
        Attribute { name: "network.io.direction", kind: AttributeKind::String };

    /// `network.local.address`
    pub const NETWORK_LOCAL_ADDRESS: Attribute =
        Attribute { name: "network.local.address", kind: AttributeKind::String };

    /// `network.local.port`
    pub const NETWORK_LOCAL_PORT: Attribute =
        Attribute { name: "network.local.port", kind: AttributeKind::Int };

    /// `network.peer.address`
    pub const NETWORK_PEER_ADDRESS: Attribute =
        Attribute { name: "network.peer.address", kind: AttributeKind::String };

    /// `network.peer.port`
    pub const NETWORK_PEER_PORT: Attribute =
        Attribute { name: "network.peer.port", kind: AttributeKind::Int };

    /// `network.protocol.name`
    pub const NETWORK_PROTOCOL_NAME: Attribute =
        Attribute { name: "network.protocol.name", kind: AttributeKind::String };

    /// `network.protocol.version`
    pub const NETWORK_PROTOCOL_VERSION: Attribute =
        Attribute { name: "network.protocol.version", kind: AttributeKind::String };

    /// `network.transport`
    pub const NETWORK_TRANSPORT: Attribute =
        Attribute { name: "network.transport", kind: AttributeKind::String };

    /// `network.type`
    pub const NETWORK_TYPE: Attribute = Attribute { name: "network.type", kind: AttributeKind::String };

    /// `nodejs.eventloop.state`
    pub const NODEJS_EVENTLOOP_STATE: Attribute =
        Attribute { name: "nodejs.eventloop.state", kind: AttributeKind::String };

    /// `os.build_id`
    pub const OS_BUILD_ID: Attribute = Attribute { name: "os.build_id", kind: AttributeKind::String };

    /// `os.description`
    pub const OS_DESCRIPTION: Attribute = Attribute { name: "os.description", kind: AttributeKind::String };

    /// `os.name`
    pub const OS_NAME: Attribute = Attribute { name: "os.name", kind: AttributeKind::String };

    /// `os.type`
    pub const OS_TYPE: Attribute = Attribute { name: "os.type", kind: AttributeKind::String };

    /// `os.version`
    pub const OS_VERSION: Attribute = Attribute { name: "os.version", kind: AttributeKind::String };

    /// `otel.component.name`
    pub const OTEL_COMPONENT_NAME: Attribute =
        Attribute { name: "otel.component.name", kind: AttributeKind::String };

    /// `otel.component.type`
    pub const OTEL_COMPONENT_TYPE: Attribute =
        Attribute { name: "otel.component.type", kind: AttributeKind::String };

    /// `otel.event.name`
    pub const OTEL_EVENT_NAME: Attribute = Attribute { name: "otel.event.name", kind: AttributeKind::String };

    /// `otel.scope.name`
    pub const OTEL_SCOPE_NAME: Attribute = Attribute { name: "otel.scope.name", kind: AttributeKind::String };

    /// `otel.scope.schema_url`
    pub const OTEL_SCOPE_SCHEMA_URL: Attribute =
        Attribute { name: "otel.scope.schema_url", kind: AttributeKind::String };

    /// `otel.scope.version`
    pub const OTEL_SCOPE_VERSION: Attribute =
        Attribute { name: "otel.scope.version", kind: AttributeKind::String };

    /// `otel.span.parent.origin`
    pub const OTEL_SPAN_PARENT_ORIGIN: Attribute =
        Attribute { name: "otel.span.parent.origin", kind: AttributeKind::String };

    /// `otel.span.sampling_result`
    pub const OTEL_SPAN_SAMPLING_RESULT: Attribute =
        Attribute { name: "otel.span.sampling_result", kind: AttributeKind::String };

    /// `otel.status_code`
    pub const OTEL_STATUS_CODE: Attribute =
        Attribute { name: "otel.status_code", kind: AttributeKind::String };

    /// `otel.status_description`
    pub const OTEL_STATUS_DESCRIPTION: Attribute =
        Attribute { name: "otel.status_description", kind: AttributeKind::String };

    /// `process.args_count`
    pub const PROCESS_ARGS_COUNT: Attribute =
        Attribute { name: "process.args_count", kind: AttributeKind::Int };

    /// `process.command`
    pub const PROCESS_COMMAND: Attribute = Attribute { name: "process.command", kind: AttributeKind::String };

    /// `process.command_args`
    pub const PROCESS_COMMAND_ARGS: Attribute =
        Attribute { name: "process.command_args", kind: AttributeKind::StringArray };

    /// `process.command_line`
    pub const PROCESS_COMMAND_LINE: Attribute =
        Attribute { name: "process.command_line", kind: AttributeKind::String };

    /// `process.context_switch.type`
    pub const PROCESS_CONTEXT_SWITCH_TYPE: Attribute =
        Attribute { name: "process.context_switch.type", kind: AttributeKind::String };

    /// `process.creation.time`
    pub const PROCESS_CREATION_TIME: Attribute =
        Attribute { name: "process.creation.time", kind: AttributeKind::String };

    /// `process.executable.build_id.gnu`
    pub const PROCESS_EXECUTABLE_BUILD_ID_GNU: Attribute =
        Attribute { name: "process.executable.build_id.gnu", kind: AttributeKind::String };

    /// `process.executable.build_id.go`
    pub const PROCESS_EXECUTABLE_BUILD_ID_GO: Attribute =
        Attribute { name: "process.executable.build_id.go", kind: AttributeKind::String };

    /// `process.executable.build_id.htlhash`
    pub const PROCESS_EXECUTABLE_BUILD_ID_HTLHASH: Attribute =
        Attribute { name: "process.executable.build_id.htlhash", kind: AttributeKind::String };

    /// `process.executable.name`
    pub const PROCESS_EXECUTABLE_NAME: Attribute =
        Attribute { name: "process.executable.name", kind: AttributeKind::String };

    /// `process.executable.path`
    pub const PROCESS_EXECUTABLE_PATH: Attribute =
        Attribute { name: "process.executable.path", kind: AttributeKind::String };

    /// `process.exit.code`
    pub const PROCESS_EXIT_CODE: Attribute =
        Attribute { name: "process.exit.code", kind: AttributeKind::Int };

    /// `process.exit.time`
    pub const PROCESS_EXIT_TIME: Attribute =
        Attribute { name: "process.exit.time", kind: AttributeKind::String };

    /// `process.group_leader.pid`
    pub const PROCESS_GROUP_LEADER_PID: Attribute =
        Attribute { name: "process.group_leader.pid", kind: AttributeKind::Int };

    /// `process.interactive`
    pub const PROCESS_INTERACTIVE: Attribute =
        Attribute { name: "process.interactive", kind: AttributeKind::Boolean };

    /// `process.linux.cgroup`
    pub const PROCESS_LINUX_CGROUP: Attribute =
        Attribute { name: "process.linux.cgroup", kind: AttributeKind::String };

    /// `process.owner`
    pub const PROCESS_OWNER: Attribute = Attribute { name: "process.owner", kind: AttributeKind::String };

    /// `process.parent_pid`
    pub const PROCESS_PARENT_PID: Attribute =
        Attribute { name: "process.parent_pid", kind: AttributeKind::Int };

    /// `process.pid`
    pub const PROCESS_PID: Attribute = Attribute { name: "process.pid", kind: AttributeKind::Int };

    /// `process.real_user.id`
    pub const PROCESS_REAL_USER_ID: Attribute =
        Attribute { name: "process.real_user.id", kind: AttributeKind::Int };

    /// `process.real_user.name`
    pub const PROCESS_REAL_USER_NAME: Attribute =
        Attribute { name: "process.real_user.name", kind: AttributeKind::String };

    /// `process.runtime.description`
    pub const PROCESS_RUNTIME_DESCRIPTION: Attribute =
        Attribute { name: "process.runtime.description", kind: AttributeKind::String };

    /// `process.runtime.name`
    pub const PROCESS_RUNTIME_NAME: Attribute =
        Attribute { name: "process.runtime.name", kind: AttributeKind::String };

    /// `process.runtime.version`
    pub const PROCESS_RUNTIME_VERSION: Attribute =
        Attribute { name: "process.runtime.version", kind: AttributeKind::String };

    /// `process.saved_user.id`
    pub const PROCESS_SAVED_USER_ID: Attribute =
        Attribute { name: "process.saved_user.id", kind: AttributeKind::Int };

    /// `process.saved_user.name`
    pub const PROCESS_SAVED_USER_NAME: Attribute =
        Attribute { name: "process.saved_user.name", kind: AttributeKind::String };

    /// `process.session_leader.pid`
    pub const PROCESS_SESSION_LEADER_PID: Attribute =
        Attribute { name: "process.session_leader.pid", kind: AttributeKind::Int };

    /// `process.state`
    pub const PROCESS_STATE: Attribute = Attribute { name: "process.state", kind: AttributeKind::String };

    /// `process.title`
    pub const PROCESS_TITLE: Attribute = Attribute { name: "process.title", kind: AttributeKind::String };

    /// `process.user.id`
    pub const PROCESS_USER_ID: Attribute = Attribute { name: "process.user.id", kind: AttributeKind::Int };

    /// `process.user.name`
    pub const PROCESS_USER_NAME: Attribute =
        Attribute { name: "process.user.name", kind: AttributeKind::String };

    /// `process.vpid`
    pub const PROCESS_VPID: Attribute = Attribute { name: "process.vpid", kind: AttributeKind::Int };

    /// `process.working_directory`
    pub const PROCESS_WORKING_DIRECTORY: Attribute =
        Attribute { name: "process.working_directory", kind: AttributeKind::String };

    /// `rpc.method`
    pub const RPC_METHOD: Attribute = Attribute { name: "rpc.method", kind: AttributeKind::String };

    /// `rpc.method_original`
    pub const RPC_METHOD_ORIGINAL: Attribute =
        Attribute { name: "rpc.method_original", kind: AttributeKind::String };

    /// `rpc.response.status_code`
    pub const RPC_RESPONSE_STATUS_CODE: Attribute =
        Attribute { name: "rpc.response.status_code", kind: AttributeKind::String };

    /// `rpc.system.name`
    pub const RPC_SYSTEM_NAME: Attribute = Attribute { name: "rpc.system.name", kind: AttributeKind::String };

    /// `server.address`
    pub const SERVER_ADDRESS: Attribute = Attribute { name: "server.address", kind: AttributeKind::String };

    /// `server.port`
    pub const SERVER_PORT: Attribute = Attribute { name: "server.port", kind: AttributeKind::Int };

    /// `service.criticality`
    pub const SERVICE_CRITICALITY: Attribute =
        Attribute { name: "service.criticality", kind: AttributeKind::String };

    /// `service.instance.id`
    pub const SERVICE_INSTANCE_ID: Attribute =
        Attribute { name: "service.instance.id", kind: AttributeKind::String };

    /// `service.name`
    pub const SERVICE_NAME: Attribute = Attribute { name: "service.name", kind: AttributeKind::String };

    /// `service.namespace`
    pub const SERVICE_NAMESPACE: Attribute =
        Attribute { name: "service.namespace", kind: AttributeKind::String };

    /// `service.peer.name`
    pub const SERVICE_PEER_NAME: Attribute =
        Attribute { name: "service.peer.name", kind: AttributeKind::String };

    /// `service.peer.namespace`
    pub const SERVICE_PEER_NAMESPACE: Attribute =
        Attribute { name: "service.peer.namespace", kind: AttributeKind::String };

    /// `service.version`
    pub const SERVICE_VERSION: Attribute = Attribute { name: "service.version", kind: AttributeKind::String };

    /// `source.address`
    pub const SOURCE_ADDRESS: Attribute = Attribute { name: "source.address", kind: AttributeKind::String };

    /// `source.port`
    pub const SOURCE_PORT: Attribute = Attribute { name: "source.port", kind: AttributeKind::Int };

    /// `system.device`
    pub const SYSTEM_DEVICE: Attribute = Attribute { name: "system.device", kind: AttributeKind::String };

    /// `system.filesystem.mode`
    pub const SYSTEM_FILESYSTEM_MODE: Attribute =
        Attribute { name: "system.filesystem.mode", kind: AttributeKind::String };

    /// `system.filesystem.mountpoint`
    pub const SYSTEM_FILESYSTEM_MOUNTPOINT: Attribute =
        Attribute { name: "system.filesystem.mountpoint", kind: AttributeKind::String };

    /// `system.filesystem.state`
    pub const SYSTEM_FILESYSTEM_STATE: Attribute =
        Attribute { name: "system.filesystem.state", kind: AttributeKind::String };

    /// `system.filesystem.type`
    pub const SYSTEM_FILESYSTEM_TYPE: Attribute =
        Attribute { name: "system.filesystem.type", kind: AttributeKind::String };

    /// `system.memory.linux.hugepages.state`
    pub const SYSTEM_MEMORY_LINUX_HUGEPAGES_STATE: Attribute =
        Attribute { name: "system.memory.linux.hugepages.state", kind: AttributeKind::String };

    /// `system.memory.linux.slab.state`
    pub const SYSTEM_MEMORY_LINUX_SLAB_STATE: Attribute =
        Attribute { name: "system.memory.linux.slab.state", kind: AttributeKind::String };

    /// `system.memory.state`
    pub const SYSTEM_MEMORY_STATE: Attribute =
        Attribute { name: "system.memory.state", kind: AttributeKind::String };

    /// `system.paging.direction`
    pub const SYSTEM_PAGING_DIRECTION: Attribute =
        Attribute { name: "system.paging.direction", kind: AttributeKind::String };

    /// `system.paging.fault.type`
    pub const SYSTEM_PAGING_FAULT_TYPE: Attribute =
        Attribute { name: "system.paging.fault.type", kind: AttributeKind::String };

    /// `system.paging.state`
    pub const SYSTEM_PAGING_STATE: Attribute =
        Attribute { name: "system.paging.state", kind: AttributeKind::String };

    /// `telemetry.distro.name`
    pub const TELEMETRY_DISTRO_NAME: Attribute =
        Attribute { name: "telemetry.distro.name", kind: AttributeKind::String };

    /// `telemetry.distro.version`
    pub const TELEMETRY_DISTRO_VERSION: Attribute =
        Attribute { name: "telemetry.distro.version", kind: AttributeKind::String };

    /// `telemetry.sdk.language`
    pub const TELEMETRY_SDK_LANGUAGE: Attribute =
        Attribute { name: "telemetry.sdk.language", kind: AttributeKind::String };

    /// `telemetry.sdk.name`
    pub const TELEMETRY_SDK_NAME: Attribute =
        Attribute { name: "telemetry.sdk.name", kind: AttributeKind::String };

    /// `telemetry.sdk.version`
    pub const TELEMETRY_SDK_VERSION: Attribute =
        Attribute { name: "telemetry.sdk.version", kind: AttributeKind::String };

    /// `thread.id`
    pub const THREAD_ID: Attribute = Attribute { name: "thread.id", kind: AttributeKind::Int };

    /// `thread.name`
    pub const THREAD_NAME: Attribute = Attribute { name: "thread.name", kind: AttributeKind::String };

    /// `tls.cipher`
    pub const TLS_CIPHER: Attribute = Attribute { name: "tls.cipher", kind: AttributeKind::String };

    /// `tls.client.certificate`
    pub const TLS_CLIENT_CERTIFICATE: Attribute =
        Attribute { name: "tls.client.certificate", kind: AttributeKind::String };

    /// `tls.client.certificate_chain`
    pub const TLS_CLIENT_CERTIFICATE_CHAIN: Attribute =
        Attribute { name: "tls.client.certificate_chain", kind: AttributeKind::StringArray };

    /// `tls.client.hash.md5`
    pub const TLS_CLIENT_HASH_MD5: Attribute =
        Attribute { name: "tls.client.hash.md5", kind: AttributeKind::String };

    /// `tls.client.hash.sha1`
    pub const TLS_CLIENT_HASH_SHA1: Attribute =
        Attribute { name: "tls.client.hash.sha1", kind: AttributeKind::String };

    /// `tls.client.hash.sha256`
    pub const TLS_CLIENT_HASH_SHA256: Attribute =
        Attribute { name: "tls.client.hash.sha256", kind: AttributeKind::String };

    /// `tls.client.issuer`
    pub const TLS_CLIENT_ISSUER: Attribute =
        Attribute { name: "tls.client.issuer", kind: AttributeKind::String };

    /// `tls.client.ja3`
    pub const TLS_CLIENT_JA3: Attribute = Attribute { name: "tls.client.ja3", kind: AttributeKind::String };

    /// `tls.client.not_after`
    pub const TLS_CLIENT_NOT_AFTER: Attribute =
        Attribute { name: "tls.client.not_after", kind: AttributeKind::String };

    /// `tls.client.not_before`
    pub const TLS_CLIENT_NOT_BEFORE: Attribute =
        Attribute { name: "tls.client.not_before", kind: AttributeKind::String };

    /// `tls.client.subject`
    pub const TLS_CLIENT_SUBJECT: Attribute =
        Attribute { name: "tls.client.subject", kind: AttributeKind::String };

    /// `tls.client.supported_ciphers`
    pub const TLS_CLIENT_SUPPORTED_CIPHERS: Attribute =
        Attribute { name: "tls.client.supported_ciphers", kind: AttributeKind::StringArray };

    /// `tls.curve`
    pub const TLS_CURVE: Attribute = Attribute { name: "tls.curve", kind: AttributeKind::String };

    /// `tls.established`
    pub const TLS_ESTABLISHED: Attribute =
        Attribute { name: "tls.established", kind: AttributeKind::Boolean };

    /// `tls.next_protocol`
    pub const TLS_NEXT_PROTOCOL: Attribute =
        Attribute { name: "tls.next_protocol", kind: AttributeKind::String };

    /// `tls.protocol.name`
    pub const TLS_PROTOCOL_NAME: Attribute =
        Attribute { name: "tls.protocol.name", kind: AttributeKind::String };

    /// `tls.protocol.version`
    pub const TLS_PROTOCOL_VERSION: Attribute =
        Attribute { name: "tls.protocol.version", kind: AttributeKind::String };

    /// `tls.resumed`
    pub const TLS_RESUMED: Attribute = Attribute { name: "tls.resumed", kind: AttributeKind::Boolean };

    /// `tls.server.certificate`
    pub const TLS_SERVER_CERTIFICATE: Attribute =
        Attribute { name: "tls.server.certificate", kind: AttributeKind::String };

    /// `tls.server.certificate_chain`
    pub const TLS_SERVER_CERTIFICATE_CHAIN: Attribute =
        Attribute { name: "tls.server.certificate_chain", kind: AttributeKind::StringArray };

    /// `tls.server.hash.md5`
    pub const TLS_SERVER_HASH_MD5: Attribute =
        Attribute { name: "tls.server.hash.md5", kind: AttributeKind::String };

    /// `tls.server.hash.sha1`
    pub const TLS_SERVER_HASH_SHA1: Attribute =
        Attribute { name: "tls.server.hash.sha1", kind: AttributeKind::String };

    /// `tls.server.hash.sha256`
    pub const TLS_SERVER_HASH_SHA256: Attribute =
        Attribute { name: "tls.server.hash.sha256", kind: AttributeKind::String };

    /// `tls.server.issuer`
    pub const TLS_SERVER_ISSUER: Attribute =
        Attribute { name: "tls.server.issuer", kind: AttributeKind::String };

    /// `tls.server.ja3s`
    pub const TLS_SERVER_JA3S: Attribute = Attribute { name: "tls.server.ja3s", kind: AttributeKind::String };

    /// `tls.server.not_after`
    pub const TLS_SERVER_NOT_AFTER: Attribute =
        Attribute { name: "tls.server.not_after", kind: AttributeKind::String };

    /// `tls.server.not_before`
    pub const TLS_SERVER_NOT_BEFORE: Attribute =
        Attribute { name: "tls.server.not_before", kind: AttributeKind::String };

    /// `tls.server.subject`
    pub const TLS_SERVER_SUBJECT: Attribute =
        Attribute { name: "tls.server.subject", kind: AttributeKind::String };

    /// `url.domain`
    pub const URL_DOMAIN: Attribute = Attribute { name: "url.domain", kind: AttributeKind::String };

    /// `url.extension`
    pub const URL_EXTENSION: Attribute = Attribute { name: "url.extension", kind: AttributeKind::String };

    /// `url.fragment`
    pub const URL_FRAGMENT: Attribute = Attribute { name: "url.fragment", kind: AttributeKind::String };

    /// `url.full`
    pub const URL_FULL: Attribute = Attribute { name: "url.full", kind: AttributeKind::String };

    /// `url.original`
    pub const URL_ORIGINAL: Attribute = Attribute { name: "url.original", kind: AttributeKind::String };

    /// `url.path`
    pub const URL_PATH: Attribute = Attribute { name: "url.path", kind: AttributeKind::String };

    /// `url.port`
    pub const URL_PORT: Attribute = Attribute { name: "url.port", kind: AttributeKind::Int };

    /// `url.query`
    pub const URL_QUERY: Attribute = Attribute { name: "url.query", kind: AttributeKind::String };

    /// `url.registered_domain`
    pub const URL_REGISTERED_DOMAIN: Attribute =
        Attribute { name: "url.registered_domain", kind: AttributeKind::String };

    /// `url.scheme`
    pub const URL_SCHEME: Attribute = Attribute { name: "url.scheme", kind: AttributeKind::String };

    /// `url.subdomain`
    pub const URL_SUBDOMAIN: Attribute = Attribute { name: "url.subdomain", kind: AttributeKind::String };

    /// `url.template`
    pub const URL_TEMPLATE: Attribute = Attribute { name: "url.template", kind: AttributeKind::String };

    /// `url.top_level_domain`
    pub const URL_TOP_LEVEL_DOMAIN: Attribute =
        Attribute { name: "url.top_level_domain", kind: AttributeKind::String };

    /// `user_agent.name`
    pub const USER_AGENT_NAME: Attribute = Attribute { name: "user_agent.name", kind: AttributeKind::String };

    /// `user_agent.original`
    pub const USER_AGENT_ORIGINAL: Attribute =
        Attribute { name: "user_agent.original", kind: AttributeKind::String };

    /// `user_agent.os.name`
    pub const USER_AGENT_OS_NAME: Attribute =
        Attribute { name: "user_agent.os.name", kind: AttributeKind::String };

    /// `user_agent.os.version`
    pub const USER_AGENT_OS_VERSION: Attribute =
        Attribute { name: "user_agent.os.version", kind: AttributeKind::String };

    /// `user_agent.synthetic.type`
    pub const USER_AGENT_SYNTHETIC_TYPE: Attribute =
        Attribute { name: "user_agent.synthetic.type", kind: AttributeKind::String };

    /// `user_agent.version`
    pub const USER_AGENT_VERSION: Attribute =
        Attribute { name: "user_agent.version", kind: AttributeKind::String };

    /// `v8js.gc.type`
    pub const V8JS_GC_TYPE: Attribute = Attribute { name: "v8js.gc.type", kind: AttributeKind::String };

    /// `v8js.heap.space.name`
    pub const V8JS_HEAP_SPACE_NAME: Attribute =
        Attribute { name: "v8js.heap.space.name", kind: AttributeKind::String };

    /// `v8js.resource.type`
    pub const V8JS_RESOURCE_TYPE: Attribute =
        Attribute { name: "v8js.resource.type", kind: AttributeKind::String };

    /// All of the above, sorted by name.
    pub static ALL: &[Attribute] = &[
        CLIENT_ADDRESS,
        CLIENT_PORT,
        CLOUD_ACCOUNT_ID,
        CLOUD_AVAILABILITY_ZONE,
        CLOUD_PLATFORM,
        CLOUD_PROVIDER,
        CLOUD_REGION,
        CLOUD_RESOURCE_ID,
        CODE_COLUMN_NUMBER,
        CODE_FILE_PATH,
        CODE_FUNCTION_NAME,
        CODE_LINE_NUMBER,
        CODE_STACKTRACE,
        CONTAINER_COMMAND,
        CONTAINER_COMMAND_ARGS,
        CONTAINER_COMMAND_LINE,
        CONTAINER_CSI_PLUGIN_NAME,
        CONTAINER_CSI_VOLUME_ID,
        CONTAINER_ID,
        CONTAINER_IMAGE_ID,
        CONTAINER_IMAGE_NAME,
        CONTAINER_IMAGE_REPO_DIGESTS,
        CONTAINER_IMAGE_TAGS,
        CONTAINER_NAME,
        CONTAINER_RUNTIME_DESCRIPTION,
        CONTAINER_RUNTIME_NAME,
        CONTAINER_RUNTIME_VERSION,
        CPU_LOGICAL_NUMBER,
        CPU_MODE,
        CPYTHON_GC_GENERATION,
        DB_CLIENT_CONNECTION_POOL_NAME,
        DB_CLIENT_CONNECTION_STATE,
        DB_COLLECTION_NAME,
        DB_NAMESPACE,
        DB_OPERATION_BATCH_SIZE,
        DB_OPERATION_NAME,
        DB_QUERY_SUMMARY,
        DB_QUERY_TEXT,
        DB_RESPONSE_RETURNED_ROWS,
        DB_RESPONSE_STATUS_CODE,
        DB_STORED_PROCEDURE_NAME,
        DB_SYSTEM_NAME,
        DEPLOYMENT_ENVIRONMENT_NAME,
        DEPLOYMENT_ID,
        DEPLOYMENT_NAME,
        DEPLOYMENT_STATUS,
        DESTINATION_ADDRESS,
        DESTINATION_PORT,
        DISK_IO_DIRECTION,
        DNS_ANSWERS,
        DNS_QUESTION_NAME,
        ERROR_TYPE,
        EXCEPTION_MESSAGE,
        EXCEPTION_STACKTRACE,
        EXCEPTION_TYPE,
        FILE_LOCK_MECHANISM,
        FILE_LOCK_MODE,
        FILE_LOCK_TYPE,
        GO_CPU_DETAILED_STATE,
        GO_CPU_STATE,
        GO_MEMORY_DETAILED_TYPE,
        GO_MEMORY_TYPE,
        GRAPHQL_DOCUMENT,
        GRAPHQL_OPERATION_NAME,
        GRAPHQL_OPERATION_TYPE,
        HOST_ARCH,
        HOST_CPU_CACHE_L2_SIZE,
        HOST_CPU_FAMILY,
        HOST_CPU_MODEL_ID,
        HOST_CPU_MODEL_NAME,
        HOST_CPU_STEPPING,
        HOST_CPU_VENDOR_ID,
        HOST_ID,
        HOST_IMAGE_ID,
        HOST_IMAGE_NAME,
        HOST_IMAGE_VERSION,
        HOST_IP,
        HOST_MAC,
        HOST_NAME,
        HOST_TYPE,
        HTTP_CONNECTION_STATE,
        HTTP_REQUEST_BODY_SIZE,
        HTTP_REQUEST_METHOD,
        HTTP_REQUEST_METHOD_ORIGINAL,
        HTTP_REQUEST_RESEND_COUNT,
        HTTP_REQUEST_SIZE,
        HTTP_RESPONSE_BODY_SIZE,
        HTTP_RESPONSE_SIZE,
        HTTP_RESPONSE_STATUS_CODE,
        HTTP_ROUTE,
        JVM_BUFFER_POOL_NAME,
        JVM_GC_ACTION,
        JVM_GC_CAUSE,
        JVM_GC_NAME,
        JVM_MEMORY_POOL_NAME,
        JVM_MEMORY_TYPE,
        JVM_THREAD_DAEMON,
        JVM_THREAD_STATE,
        K8S_CLUSTER_NAME,
        K8S_CLUSTER_UID,
        K8S_CONTAINER_EPHEMERAL_STORAGE_FS_TYPE,
        K8S_CONTAINER_NAME,
        K8S_CONTAINER_RESTART_COUNT,
        K8S_CONTAINER_STATUS_LAST_TERMINATED_REASON,
        K8S_CONTAINER_STATUS_REASON,
        K8S_CONTAINER_STATUS_STATE,
        K8S_CRONJOB_NAME,
        K8S_CRONJOB_UID,
        K8S_DAEMONSET_NAME,
        K8S_DAEMONSET_UID,
        K8S_DEPLOYMENT_NAME,
        K8S_DEPLOYMENT_UID,
        K8S_HPA_METRIC_TYPE,
        K8S_HPA_NAME,
        K8S_HPA_SCALETARGETREF_API_VERSION,
        K8S_HPA_SCALETARGETREF_KIND,
        K8S_HPA_SCALETARGETREF_NAME,
        K8S_HPA_UID,
        K8S_HUGEPAGE_SIZE,
        K8S_JOB_NAME,
        K8S_JOB_UID,
        K8S_NAMESPACE_NAME,
        K8S_NAMESPACE_PHASE,
        K8S_NODE_CONDITION_STATUS,
        K8S_NODE_CONDITION_TYPE,
        K8S_NODE_NAME,
        K8S_NODE_SYSTEM_CONTAINER_NAME,
        K8S_NODE_UID,
        K8S_PERSISTENTVOLUME_NAME,
        K8S_PERSISTENTVOLUME_RECLAIM_POLICY,
        K8S_PERSISTENTVOLUME_STATUS_PHASE,
        K8S_PERSISTENTVOLUME_UID,
        K8S_PERSISTENTVOLUMECLAIM_NAME,
        K8S_PERSISTENTVOLUMECLAIM_STATUS_PHASE,
        K8S_PERSISTENTVOLUMECLAIM_UID,
        K8S_POD_HOSTNAME,
        K8S_POD_IP,
        K8S_POD_NAME,
        K8S_POD_START_TIME,
        K8S_POD_STATUS_PHASE,
        K8S_POD_STATUS_REASON,
        K8S_POD_UID,
        K8S_REPLICASET_NAME,
        K8S_REPLICASET_UID,
        K8S_REPLICATIONCONTROLLER_NAME,
        K8S_REPLICATIONCONTROLLER_UID,
        K8S_RESOURCEQUOTA_NAME,
        K8S_RESOURCEQUOTA_RESOURCE_NAME,
        K8S_RESOURCEQUOTA_UID,
        K8S_SERVICE_ENDPOINT_ADDRESS_TYPE,
        K8S_SERVICE_ENDPOINT_CONDITION,
        K8S_SERVICE_ENDPOINT_ZONE,
        K8S_SERVICE_NAME,
        K8S_SERVICE_PUBLISH_NOT_READY_ADDRESSES,
        K8S_SERVICE_TRAFFIC_DISTRIBUTION,
        K8S_SERVICE_TYPE,
        K8S_SERVICE_UID,
        K8S_STATEFULSET_NAME,
        K8S_STATEFULSET_UID,
        K8S_STORAGECLASS_NAME,
        K8S_VOLUME_NAME,
        K8S_VOLUME_TYPE,
        MESSAGING_BATCH_MESSAGE_COUNT,
        MESSAGING_CLIENT_ID,
        MESSAGING_CONSUMER_GROUP_NAME,
        MESSAGING_DESTINATION_ANONYMOUS,
        MESSAGING_DESTINATION_NAME,
        MESSAGING_DESTINATION_PARTITION_ID,
        MESSAGING_DESTINATION_SUBSCRIPTION_NAME,
        MESSAGING_DESTINATION_TEMPLATE,
        MESSAGING_DESTINATION_TEMPORARY,
        MESSAGING_EVENTHUBS_MESSAGE_ENQUEUED_TIME,
        MESSAGING_GCP_PUBSUB_MESSAGE_ACK_DEADLINE,
        MESSAGING_GCP_PUBSUB_MESSAGE_ACK_ID,
        MESSAGING_GCP_PUBSUB_MESSAGE_DELIVERY_ATTEMPT,
        MESSAGING_GCP_PUBSUB_MESSAGE_ORDERING_KEY,
        MESSAGING_KAFKA_CLUSTER_ID,
        MESSAGING_KAFKA_MESSAGE_KEY,
        MESSAGING_KAFKA_MESSAGE_TOMBSTONE,
        MESSAGING_KAFKA_OFFSET,
        MESSAGING_MESSAGE_BODY_SIZE,
        MESSAGING_MESSAGE_CONVERSATION_ID,
        MESSAGING_MESSAGE_ENVELOPE_SIZE,
        MESSAGING_MESSAGE_ID,
        MESSAGING_OPERATION_NAME,
        MESSAGING_OPERATION_TYPE,
        MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
        MESSAGING_RABBITMQ_MESSAGE_DELIVERY_TAG,
        MESSAGING_ROCKETMQ_CONSUMPTION_MODEL,
        MESSAGING_ROCKETMQ_MESSAGE_DELAY_TIME_LEVEL,
        MESSAGING_ROCKETMQ_MESSAGE_DELIVERY_TIMESTAMP,
        MESSAGING_ROCKETMQ_MESSAGE_GROUP,
        MESSAGING_ROCKETMQ_MESSAGE_KEYS,
        MESSAGING_ROCKETMQ_MESSAGE_TAG,
        MESSAGING_ROCKETMQ_MESSAGE_TYPE,
        MESSAGING_ROCKETMQ_NAMESPACE,
        MESSAGING_SERVICEBUS_DISPOSITION_STATUS,
        MESSAGING_SERVICEBUS_MESSAGE_DELIVERY_COUNT,
        MESSAGING_SERVICEBUS_MESSAGE_ENQUEUED_TIME,
        MESSAGING_SYSTEM,
        NETWORK_CARRIER_ICC,
        NETWORK_CARRIER_MCC,
        NETWORK_CARRIER_MNC,
        NETWORK_CARRIER_NAME,
        NETWORK_CONNECTION_STATE,
        NETWORK_CONNECTION_SUBTYPE,
        NETWORK_CONNECTION_TYPE,
        NETWORK_INTERFACE_NAME,
        NETWORK_IO_DIRECTION,
        NETWORK_LOCAL_ADDRESS,
        NETWORK_LOCAL_PORT,
        NETWORK_PEER_ADDRESS,
        NETWORK_PEER_PORT,
        NETWORK_PROTOCOL_NAME,
        NETWORK_PROTOCOL_VERSION,
        NETWORK_TRANSPORT,
        NETWORK_TYPE,
        NODEJS_EVENTLOOP_STATE,
        OS_BUILD_ID,
        OS_DESCRIPTION,
        OS_NAME,
        OS_TYPE,
        OS_VERSION,
        OTEL_COMPONENT_NAME,
        OTEL_COMPONENT_TYPE,
        OTEL_EVENT_NAME,
        OTEL_SCOPE_NAME,
        OTEL_SCOPE_SCHEMA_URL,
        OTEL_SCOPE_VERSION,
        OTEL_SPAN_PARENT_ORIGIN,
        OTEL_SPAN_SAMPLING_RESULT,
        OTEL_STATUS_CODE,
        OTEL_STATUS_DESCRIPTION,
        PROCESS_ARGS_COUNT,
        PROCESS_COMMAND,
        PROCESS_COMMAND_ARGS,
        PROCESS_COMMAND_LINE,
        PROCESS_CONTEXT_SWITCH_TYPE,
        PROCESS_CREATION_TIME,
        PROCESS_EXECUTABLE_BUILD_ID_GNU,
        PROCESS_EXECUTABLE_BUILD_ID_GO,
        PROCESS_EXECUTABLE_BUILD_ID_HTLHASH,
        PROCESS_EXECUTABLE_NAME,
        PROCESS_EXECUTABLE_PATH,
        PROCESS_EXIT_CODE,
        PROCESS_EXIT_TIME,
        PROCESS_GROUP_LEADER_PID,
        PROCESS_INTERACTIVE,
        PROCESS_LINUX_CGROUP,
        PROCESS_OWNER,
        PROCESS_PARENT_PID,
        PROCESS_PID,
        PROCESS_REAL_USER_ID,
        PROCESS_REAL_USER_NAME,
        PROCESS_RUNTIME_DESCRIPTION,
        PROCESS_RUNTIME_NAME,
        PROCESS_RUNTIME_VERSION,
        PROCESS_SAVED_USER_ID,
        PROCESS_SAVED_USER_NAME,
        PROCESS_SESSION_LEADER_PID,
        PROCESS_STATE,
        PROCESS_TITLE,
        PROCESS_USER_ID,
        PROCESS_USER_NAME,
        PROCESS_VPID,
        PROCESS_WORKING_DIRECTORY,
        RPC_METHOD,
        RPC_METHOD_ORIGINAL,
        RPC_RESPONSE_STATUS_CODE,
        RPC_SYSTEM_NAME,
        SERVER_ADDRESS,
        SERVER_PORT,
        SERVICE_CRITICALITY,
        SERVICE_INSTANCE_ID,
        SERVICE_NAME,
        SERVICE_NAMESPACE,
        SERVICE_PEER_NAME,
        SERVICE_PEER_NAMESPACE,
        SERVICE_VERSION,
        SOURCE_ADDRESS,
        SOURCE_PORT,
        SYSTEM_DEVICE,
        SYSTEM_FILESYSTEM_MODE,
        SYSTEM_FILESYSTEM_MOUNTPOINT,
        SYSTEM_FILESYSTEM_STATE,
        SYSTEM_FILESYSTEM_TYPE,
        SYSTEM_MEMORY_LINUX_HUGEPAGES_STATE,
        SYSTEM_MEMORY_LINUX_SLAB_STATE,
        SYSTEM_MEMORY_STATE,
        SYSTEM_PAGING_DIRECTION,
        SYSTEM_PAGING_FAULT_TYPE,
        SYSTEM_PAGING_STATE,
        TELEMETRY_DISTRO_NAME,
        TELEMETRY_DISTRO_VERSION,
        TELEMETRY_SDK_LANGUAGE,
        TELEMETRY_SDK_NAME,
        TELEMETRY_SDK_VERSION,
        THREAD_ID,
        THREAD_NAME,
        TLS_CIPHER,
        TLS_CLIENT_CERTIFICATE,
        TLS_CLIENT_CERTIFICATE_CHAIN,
        TLS_CLIENT_HASH_MD5,
        TLS_CLIENT_HASH_SHA1,
        TLS_CLIENT_HASH_SHA256,
        TLS_CLIENT_ISSUER,
        TLS_CLIENT_JA3,
        TLS_CLIENT_NOT_AFTER,
        TLS_CLIENT_NOT_BEFORE,
        TLS_CLIENT_SUBJECT,
        TLS_CLIENT_SUPPORTED_CIPHERS,
        TLS_CURVE,
        TLS_ESTABLISHED,
        TLS_NEXT_PROTOCOL,
        TLS_PROTOCOL_NAME,
        TLS_PROTOCOL_VERSION,
        TLS_RESUMED,
        TLS_SERVER_CERTIFICATE,
        TLS_SERVER_CERTIFICATE_CHAIN,
        TLS_SERVER_HASH_MD5,
        TLS_SERVER_HASH_SHA1,
        TLS_SERVER_HASH_SHA256,
        TLS_SERVER_ISSUER,
        TLS_SERVER_JA3S,
        TLS_SERVER_NOT_AFTER,
        TLS_SERVER_NOT_BEFORE,
        TLS_SERVER_SUBJECT,
        URL_DOMAIN,
        URL_EXTENSION,
        URL_FRAGMENT,
        URL_FULL,
        URL_ORIGINAL,
        URL_PATH,
        URL_PORT,
        URL_QUERY,
        URL_REGISTERED_DOMAIN,
        URL_SCHEME,
        URL_SUBDOMAIN,
        URL_TEMPLATE,
        URL_TOP_LEVEL_DOMAIN,
        USER_AGENT_NAME,
        USER_AGENT_ORIGINAL,
        USER_AGENT_OS_NAME,
        USER_AGENT_OS_VERSION,
        USER_AGENT_SYNTHETIC_TYPE,
        USER_AGENT_VERSION,
        V8JS_GC_TYPE,
        V8JS_HEAP_SPACE_NAME,
        V8JS_RESOURCE_TYPE,
    ];
}

/// Metrics, by name in upper case.
pub mod metric {
    use super::{Metric, attribute};

    /// `container.cpu.time`
    pub static CONTAINER_CPU_TIME: Metric = Metric {
        name: "container.cpu.time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_MODE],
    };

    /// `container.cpu.usage`
    pub static CONTAINER_CPU_USAGE: Metric = Metric {
        name: "container.cpu.usage",
        unit: "{cpu}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_MODE],
    };

    /// `container.disk.io`
    pub static CONTAINER_DISK_IO: Metric = Metric {
        name: "container.disk.io",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION, attribute::SYSTEM_DEVICE],
    };

    /// `container.filesystem.available`
    pub static CONTAINER_FILESYSTEM_AVAILABLE: Metric = Metric {
        name: "container.filesystem.available",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.filesystem.capacity`
    pub static CONTAINER_FILESYSTEM_CAPACITY: Metric = Metric {
        name: "container.filesystem.capacity",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.filesystem.usage`
    pub static CONTAINER_FILESYSTEM_USAGE: Metric = Metric {
        name: "container.filesystem.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.memory.available`
    pub static CONTAINER_MEMORY_AVAILABLE: Metric = Metric {
        name: "container.memory.available",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.memory.rss`
    pub static CONTAINER_MEMORY_RSS: Metric = Metric {
        name: "container.memory.rss",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.memory.usage`
    pub static CONTAINER_MEMORY_USAGE: Metric = Metric {
        name: "container.memory.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.memory.working_set`
    pub static CONTAINER_MEMORY_WORKING_SET: Metric = Metric {
        name: "container.memory.working_set",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `container.network.io`
    pub static CONTAINER_NETWORK_IO: Metric = Metric {
        name: "container.network.io",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NETWORK_INTERFACE_NAME, attribute::NETWORK_IO_DIRECTION],
    };

    /// `container.paging.faults`
    pub static CONTAINER_PAGING_FAULTS: Metric = Metric {
        name: "container.paging.faults",
        unit: "{fault}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_PAGING_FAULT_TYPE],
    };

    /// `container.uptime`
    pub static CONTAINER_UPTIME: Metric =
        Metric { name: "container.uptime", unit: "s", description: "", boundaries: &[], attributes: &[] };

    /// `cpython.gc.collected_objects`
    pub static CPYTHON_GC_COLLECTED_OBJECTS: Metric = Metric {
        name: "cpython.gc.collected_objects",
        unit: "{object}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPYTHON_GC_GENERATION],
    };

    /// `cpython.gc.collections`
    pub static CPYTHON_GC_COLLECTIONS: Metric = Metric {
        name: "cpython.gc.collections",
        unit: "{collection}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPYTHON_GC_GENERATION],
    };

    /// `cpython.gc.uncollectable_objects`
    pub static CPYTHON_GC_UNCOLLECTABLE_OBJECTS: Metric = Metric {
        name: "cpython.gc.uncollectable_objects",
        unit: "{object}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPYTHON_GC_GENERATION],
    };

    /// `db.client.connection.count`
    pub static DB_CLIENT_CONNECTION_COUNT: Metric = Metric {
        name: "db.client.connection.count",
        unit: "{connection}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME, attribute::DB_CLIENT_CONNECTION_STATE],
    };

    /// `db.client.connection.create_time`
    pub static DB_CLIENT_CONNECTION_CREATE_TIME: Metric = Metric {
        name: "db.client.connection.create_time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.idle.max`
    pub static DB_CLIENT_CONNECTION_IDLE_MAX: Metric = Metric {
        name: "db.client.connection.idle.max",
        unit: "{connection}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.idle.min`
    pub static DB_CLIENT_CONNECTION_IDLE_MIN: Metric = Metric {
        name: "db.client.connection.idle.min",
        unit: "{connection}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.max`
    pub static DB_CLIENT_CONNECTION_MAX: Metric = Metric {
        name: "db.client.connection.max",
        unit: "{connection}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.pending_requests`
    pub static DB_CLIENT_CONNECTION_PENDING_REQUESTS: Metric = Metric {
        name: "db.client.connection.pending_requests",
        unit: "{request}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.timeouts`
    pub static DB_CLIENT_CONNECTION_TIMEOUTS: Metric = Metric {
        name: "db.client.connection.timeouts",
        unit: "{timeout}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.use_time`
    pub static DB_CLIENT_CONNECTION_USE_TIME: Metric = Metric {
        name: "db.client.connection.use_time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.connection.wait_time`
    pub static DB_CLIENT_CONNECTION_WAIT_TIME: Metric = Metric {
        name: "db.client.connection.wait_time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DB_CLIENT_CONNECTION_POOL_NAME],
    };

    /// `db.client.operation.duration`
    pub static DB_CLIENT_OPERATION_DURATION: Metric = Metric {
        name: "db.client.operation.duration",
        unit: "s",
        description: "",
        boundaries: &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0],
        attributes: &[
            attribute::DB_COLLECTION_NAME,
            attribute::DB_NAMESPACE,
            attribute::DB_OPERATION_NAME,
            attribute::DB_QUERY_SUMMARY,
            attribute::DB_RESPONSE_STATUS_CODE,
            attribute::DB_STORED_PROCEDURE_NAME,
            attribute::DB_SYSTEM_NAME,
            attribute::ERROR_TYPE,
            attribute::NETWORK_PEER_ADDRESS,
            attribute::NETWORK_PEER_PORT,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `db.client.response.returned_rows`
    pub static DB_CLIENT_RESPONSE_RETURNED_ROWS: Metric = Metric {
        name: "db.client.response.returned_rows",
        unit: "{row}",
        description: "",
        boundaries: &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0],
        attributes: &[
            attribute::DB_COLLECTION_NAME,
            attribute::DB_NAMESPACE,
            attribute::DB_OPERATION_NAME,
            attribute::DB_QUERY_SUMMARY,
            attribute::DB_RESPONSE_STATUS_CODE,
            attribute::DB_SYSTEM_NAME,
            attribute::ERROR_TYPE,
            attribute::NETWORK_PEER_ADDRESS,
            attribute::NETWORK_PEER_PORT,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `dns.lookup.duration`
    pub static DNS_LOOKUP_DURATION: Metric = Metric {
        name: "dns.lookup.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[attribute::DNS_QUESTION_NAME, attribute::ERROR_TYPE],
    };

    /// `go.config.gogc`
    pub static GO_CONFIG_GOGC: Metric =
        Metric { name: "go.config.gogc", unit: "%", description: "", boundaries: &[], attributes: &[] };

    /// `go.cpu.time`
    pub static GO_CPU_TIME: Metric = Metric {
        name: "go.cpu.time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::GO_CPU_STATE],
    };

    /// `go.goroutine.count`
    pub static GO_GOROUTINE_COUNT: Metric = Metric {
        name: "go.goroutine.count",
        unit: "{goroutine}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `go.memory.allocated`
    pub static GO_MEMORY_ALLOCATED: Metric =
        Metric { name: "go.memory.allocated", unit: "By", description: "", boundaries: &[], attributes: &[] };

    /// `go.memory.allocations`
    pub static GO_MEMORY_ALLOCATIONS: Metric = Metric {
        name: "go.memory.allocations",
        unit: "{allocation}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `go.memory.gc.cycles`
    pub static GO_MEMORY_GC_CYCLES: Metric = Metric {
        name: "go.memory.gc.cycles",
        unit: "{gc_cycle}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `go.memory.gc.goal`
    pub static GO_MEMORY_GC_GOAL: Metric =
        Metric { name: "go.memory.gc.goal", unit: "By", description: "", boundaries: &[], attributes: &[] };

    /// `go.memory.gc.pause.duration`
    pub static GO_MEMORY_GC_PAUSE_DURATION: Metric = Metric {
        name: "go.memory.gc.pause.duration",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `go.memory.limit`
    pub static GO_MEMORY_LIMIT: Metric =
        Metric { name: "go.memory.limit", unit: "By", description: "", boundaries: &[], attributes: &[] };

    /// `go.memory.used`
    pub static GO_MEMORY_USED: Metric = Metric {
        name: "go.memory.used",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::GO_MEMORY_TYPE],
    };

    /// `go.processor.limit`
    pub static GO_PROCESSOR_LIMIT: Metric = Metric {
        name: "go.processor.limit",
        unit: "{thread}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `go.schedule.duration`
    pub static GO_SCHEDULE_DURATION: Metric =
        Metric { name: "go.schedule.duration", unit: "s", description: "", boundaries: &[], attributes: &[] };

    /// `http.client.active_requests`
    pub static HTTP_CLIENT_ACTIVE_REQUESTS: Metric = Metric {
        name: "http.client.active_requests",
        unit: "{request}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::HTTP_REQUEST_METHOD,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
            attribute::URL_TEMPLATE,
        ],
    };

    /// `http.client.connection.duration`
    pub static HTTP_CLIENT_CONNECTION_DURATION: Metric = Metric {
        name: "http.client.connection.duration",
        unit: "s",
        description: "",
        boundaries: &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0],
        attributes: &[attribute::NETWORK_PROTOCOL_VERSION, attribute::SERVER_ADDRESS, attribute::SERVER_PORT],
    };

    /// `http.client.open_connections`
    pub static HTTP_CLIENT_OPEN_CONNECTIONS: Metric = Metric {
        name: "http.client.open_connections",
        unit: "{connection}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::HTTP_CONNECTION_STATE,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `http.client.request.body.size`
    pub static HTTP_CLIENT_REQUEST_BODY_SIZE: Metric = Metric {
        name: "http.client.request.body.size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_REQUEST_METHOD,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::NETWORK_PROTOCOL_NAME,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
            attribute::URL_TEMPLATE,
        ],
    };

    /// `http.client.request.duration`
    pub static HTTP_CLIENT_REQUEST_DURATION: Metric = Metric {
        name: "http.client.request.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_REQUEST_METHOD,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::NETWORK_PROTOCOL_NAME,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `http.client.response.body.size`
    pub static HTTP_CLIENT_RESPONSE_BODY_SIZE: Metric = Metric {
        name: "http.client.response.body.size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_REQUEST_METHOD,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::NETWORK_PROTOCOL_NAME,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
            attribute::URL_TEMPLATE,
        ],
    };

    /// `http.server.active_requests`
    pub static HTTP_SERVER_ACTIVE_REQUESTS: Metric = Metric {
        name: "http.server.active_requests",
        unit: "{request}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::HTTP_REQUEST_METHOD, attribute::URL_SCHEME],
    };

    /// `http.server.request.body.size`
    pub static HTTP_SERVER_REQUEST_BODY_SIZE: Metric = Metric {
        name: "http.server.request.body.size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_REQUEST_METHOD,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::HTTP_ROUTE,
            attribute::NETWORK_PROTOCOL_NAME,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::URL_SCHEME,
        ],
    };

    /// `http.server.request.duration`
    pub static HTTP_SERVER_REQUEST_DURATION: Metric = Metric {
        name: "http.server.request.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_REQUEST_METHOD,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::HTTP_ROUTE,
            attribute::NETWORK_PROTOCOL_NAME,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::URL_SCHEME,
        ],
    };

    /// `http.server.response.body.size`
    pub static HTTP_SERVER_RESPONSE_BODY_SIZE: Metric = Metric {
        name: "http.server.response.body.size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_REQUEST_METHOD,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::HTTP_ROUTE,
            attribute::NETWORK_PROTOCOL_NAME,
            attribute::NETWORK_PROTOCOL_VERSION,
            attribute::URL_SCHEME,
        ],
    };

    /// `jvm.buffer.count`
    pub static JVM_BUFFER_COUNT: Metric = Metric {
        name: "jvm.buffer.count",
        unit: "{buffer}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_BUFFER_POOL_NAME],
    };

    /// `jvm.buffer.memory.limit`
    pub static JVM_BUFFER_MEMORY_LIMIT: Metric = Metric {
        name: "jvm.buffer.memory.limit",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_BUFFER_POOL_NAME],
    };

    /// `jvm.buffer.memory.used`
    pub static JVM_BUFFER_MEMORY_USED: Metric = Metric {
        name: "jvm.buffer.memory.used",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_BUFFER_POOL_NAME],
    };

    /// `jvm.class.count`
    pub static JVM_CLASS_COUNT: Metric = Metric {
        name: "jvm.class.count",
        unit: "{class}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.class.loaded`
    pub static JVM_CLASS_LOADED: Metric = Metric {
        name: "jvm.class.loaded",
        unit: "{class}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.class.unloaded`
    pub static JVM_CLASS_UNLOADED: Metric = Metric {
        name: "jvm.class.unloaded",
        unit: "{class}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.cpu.count`
    pub static JVM_CPU_COUNT: Metric =
        Metric { name: "jvm.cpu.count", unit: "{cpu}", description: "", boundaries: &[], attributes: &[] };

    /// `jvm.cpu.recent_utilization`
    pub static JVM_CPU_RECENT_UTILIZATION: Metric = Metric {
        name: "jvm.cpu.recent_utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.cpu.time`
    pub static JVM_CPU_TIME: Metric =
        Metric { name: "jvm.cpu.time", unit: "s", description: "", boundaries: &[], attributes: &[] };

    /// `jvm.file_descriptor.count`
    pub static JVM_FILE_DESCRIPTOR_COUNT: Metric = Metric {
        name: "jvm.file_descriptor.count",
        unit: "{file_descriptor}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.file_descriptor.limit`
    pub static JVM_FILE_DESCRIPTOR_LIMIT: Metric = Metric {
        name: "jvm.file_descriptor.limit",
        unit: "{file_descriptor}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.gc.duration`
    pub static JVM_GC_DURATION: Metric = Metric {
        name: "jvm.gc.duration",
        unit: "s",
        description: "",
        boundaries: &[0.01, 0.1, 1.0, 10.0],
        attributes: &[attribute::JVM_GC_ACTION, attribute::JVM_GC_NAME],
    };

    /// `jvm.memory.committed`
    pub static JVM_MEMORY_COMMITTED: Metric = Metric {
        name: "jvm.memory.committed",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_MEMORY_POOL_NAME, attribute::JVM_MEMORY_TYPE],
    };

    /// `jvm.memory.init`
    pub static JVM_MEMORY_INIT: Metric = Metric {
        name: "jvm.memory.init",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_MEMORY_POOL_NAME, attribute::JVM_MEMORY_TYPE],
    };

    /// `jvm.memory.limit`
    pub static JVM_MEMORY_LIMIT: Metric = Metric {
        name: "jvm.memory.limit",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_MEMORY_POOL_NAME, attribute::JVM_MEMORY_TYPE],
    };

    /// `jvm.memory.used`
    pub static JVM_MEMORY_USED: Metric = Metric {
        name: "jvm.memory.used",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_MEMORY_POOL_NAME, attribute::JVM_MEMORY_TYPE],
    };

    /// `jvm.memory.used_after_last_gc`
    pub static JVM_MEMORY_USED_AFTER_LAST_GC: Metric = Metric {
        name: "jvm.memory.used_after_last_gc",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_MEMORY_POOL_NAME, attribute::JVM_MEMORY_TYPE],
    };

    /// `jvm.system.cpu.load_1m`
    pub static JVM_SYSTEM_CPU_LOAD_1M: Metric = Metric {
        name: "jvm.system.cpu.load_1m",
        unit: "{run_queue_item}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.system.cpu.utilization`
    pub static JVM_SYSTEM_CPU_UTILIZATION: Metric = Metric {
        name: "jvm.system.cpu.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `jvm.thread.count`
    pub static JVM_THREAD_COUNT: Metric = Metric {
        name: "jvm.thread.count",
        unit: "{thread}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::JVM_THREAD_DAEMON, attribute::JVM_THREAD_STATE],
    };

    /// `messaging.client.consumed.messages`
    pub static MESSAGING_CLIENT_CONSUMED_MESSAGES: Metric = Metric {
        name: "messaging.client.consumed.messages",
        unit: "{message}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::MESSAGING_CONSUMER_GROUP_NAME,
            attribute::MESSAGING_DESTINATION_NAME,
            attribute::MESSAGING_DESTINATION_PARTITION_ID,
            attribute::MESSAGING_DESTINATION_SUBSCRIPTION_NAME,
            attribute::MESSAGING_DESTINATION_TEMPLATE,
            attribute::MESSAGING_OPERATION_NAME,
            attribute::MESSAGING_SYSTEM,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `messaging.client.operation.duration`
    pub static MESSAGING_CLIENT_OPERATION_DURATION: Metric = Metric {
        name: "messaging.client.operation.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::MESSAGING_CONSUMER_GROUP_NAME,
            attribute::MESSAGING_DESTINATION_NAME,
            attribute::MESSAGING_DESTINATION_PARTITION_ID,
            attribute::MESSAGING_DESTINATION_SUBSCRIPTION_NAME,
            attribute::MESSAGING_DESTINATION_TEMPLATE,
            attribute::MESSAGING_OPERATION_NAME,
            attribute::MESSAGING_OPERATION_TYPE,
            attribute::MESSAGING_SYSTEM,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `messaging.client.sent.messages`
    pub static MESSAGING_CLIENT_SENT_MESSAGES: Metric = Metric {
        name: "messaging.client.sent.messages",
        unit: "{message}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::MESSAGING_DESTINATION_NAME,
            attribute::MESSAGING_DESTINATION_PARTITION_ID,
            attribute::MESSAGING_DESTINATION_TEMPLATE,
            attribute::MESSAGING_OPERATION_NAME,
            attribute::MESSAGING_SYSTEM,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `messaging.process.duration`
    pub static MESSAGING_PROCESS_DURATION: Metric = Metric {
        name: "messaging.process.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::MESSAGING_CONSUMER_GROUP_NAME,
            attribute::MESSAGING_DESTINATION_NAME,
            attribute::MESSAGING_DESTINATION_PARTITION_ID,
            attribute::MESSAGING_DESTINATION_SUBSCRIPTION_NAME,
            attribute::MESSAGING_DESTINATION_TEMPLATE,
            attribute::MESSAGING_OPERATION_NAME,
            attribute::MESSAGING_SYSTEM,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `nodejs.eventloop.delay.max`
    pub static NODEJS_EVENTLOOP_DELAY_MAX: Metric = Metric {
        name: "nodejs.eventloop.delay.max",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.delay.mean`
    pub static NODEJS_EVENTLOOP_DELAY_MEAN: Metric = Metric {
        name: "nodejs.eventloop.delay.mean",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.delay.min`
    pub static NODEJS_EVENTLOOP_DELAY_MIN: Metric = Metric {
        name: "nodejs.eventloop.delay.min",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.delay.p50`
    pub static NODEJS_EVENTLOOP_DELAY_P50: Metric = Metric {
        name: "nodejs.eventloop.delay.p50",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.delay.p90`
    pub static NODEJS_EVENTLOOP_DELAY_P90: Metric = Metric {
        name: "nodejs.eventloop.delay.p90",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.delay.p99`
    pub static NODEJS_EVENTLOOP_DELAY_P99: Metric = Metric {
        name: "nodejs.eventloop.delay.p99",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.delay.stddev`
    pub static NODEJS_EVENTLOOP_DELAY_STDDEV: Metric = Metric {
        name: "nodejs.eventloop.delay.stddev",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `nodejs.eventloop.time`
    pub static NODEJS_EVENTLOOP_TIME: Metric = Metric {
        name: "nodejs.eventloop.time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NODEJS_EVENTLOOP_STATE],
    };

    /// `nodejs.eventloop.utilization`
    pub static NODEJS_EVENTLOOP_UTILIZATION: Metric = Metric {
        name: "nodejs.eventloop.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `otel.sdk.exporter.log.exported`
    pub static OTEL_SDK_EXPORTER_LOG_EXPORTED: Metric = Metric {
        name: "otel.sdk.exporter.log.exported",
        unit: "{log_record}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.exporter.log.inflight`
    pub static OTEL_SDK_EXPORTER_LOG_INFLIGHT: Metric = Metric {
        name: "otel.sdk.exporter.log.inflight",
        unit: "{log_record}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.exporter.metric_data_point.exported`
    pub static OTEL_SDK_EXPORTER_METRIC_DATA_POINT_EXPORTED: Metric = Metric {
        name: "otel.sdk.exporter.metric_data_point.exported",
        unit: "{data_point}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.exporter.metric_data_point.inflight`
    pub static OTEL_SDK_EXPORTER_METRIC_DATA_POINT_INFLIGHT: Metric = Metric {
        name: "otel.sdk.exporter.metric_data_point.inflight",
        unit: "{data_point}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.exporter.operation.duration`
    pub static OTEL_SDK_EXPORTER_OPERATION_DURATION: Metric = Metric {
        name: "otel.sdk.exporter.operation.duration",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::HTTP_RESPONSE_STATUS_CODE,
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::RPC_RESPONSE_STATUS_CODE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.exporter.span.exported`
    pub static OTEL_SDK_EXPORTER_SPAN_EXPORTED: Metric = Metric {
        name: "otel.sdk.exporter.span.exported",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.exporter.span.inflight`
    pub static OTEL_SDK_EXPORTER_SPAN_INFLIGHT: Metric = Metric {
        name: "otel.sdk.exporter.span.inflight",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::OTEL_COMPONENT_NAME,
            attribute::OTEL_COMPONENT_TYPE,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `otel.sdk.log.created`
    pub static OTEL_SDK_LOG_CREATED: Metric = Metric {
        name: "otel.sdk.log.created",
        unit: "{log_record}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `otel.sdk.metric_reader.collection.duration`
    pub static OTEL_SDK_METRIC_READER_COLLECTION_DURATION: Metric = Metric {
        name: "otel.sdk.metric_reader.collection.duration",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::ERROR_TYPE, attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.processor.log.processed`
    pub static OTEL_SDK_PROCESSOR_LOG_PROCESSED: Metric = Metric {
        name: "otel.sdk.processor.log.processed",
        unit: "{log_record}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::ERROR_TYPE, attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.processor.log.queue.capacity`
    pub static OTEL_SDK_PROCESSOR_LOG_QUEUE_CAPACITY: Metric = Metric {
        name: "otel.sdk.processor.log.queue.capacity",
        unit: "{log_record}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.processor.log.queue.size`
    pub static OTEL_SDK_PROCESSOR_LOG_QUEUE_SIZE: Metric = Metric {
        name: "otel.sdk.processor.log.queue.size",
        unit: "{log_record}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.processor.span.processed`
    pub static OTEL_SDK_PROCESSOR_SPAN_PROCESSED: Metric = Metric {
        name: "otel.sdk.processor.span.processed",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::ERROR_TYPE, attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.processor.span.queue.capacity`
    pub static OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY: Metric = Metric {
        name: "otel.sdk.processor.span.queue.capacity",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.processor.span.queue.size`
    pub static OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE: Metric = Metric {
        name: "otel.sdk.processor.span.queue.size",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::OTEL_COMPONENT_NAME, attribute::OTEL_COMPONENT_TYPE],
    };

    /// `otel.sdk.span.live`
    pub static OTEL_SDK_SPAN_LIVE: Metric = Metric {
        name: "otel.sdk.span.live",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::OTEL_SPAN_SAMPLING_RESULT],
    };

    /// `otel.sdk.span.started`
    pub static OTEL_SDK_SPAN_STARTED: Metric = Metric {
        name: "otel.sdk.span.started",
        unit: "{span}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::OTEL_SPAN_PARENT_ORIGIN, attribute::OTEL_SPAN_SAMPLING_RESULT],
    };

    /// `process.context_switches`
    pub static PROCESS_CONTEXT_SWITCHES: Metric = Metric {
        name: "process.context_switches",
        unit: "{context_switch}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::PROCESS_CONTEXT_SWITCH_TYPE],
    };

    /// `process.cpu.time`
    pub static PROCESS_CPU_TIME: Metric = Metric {
        name: "process.cpu.time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_MODE],
    };

    /// `process.cpu.utilization`
    pub static PROCESS_CPU_UTILIZATION: Metric = Metric {
        name: "process.cpu.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_MODE],
    };

    /// `process.disk.io`
    pub static PROCESS_DISK_IO: Metric = Metric {
        name: "process.disk.io",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION],
    };

    /// `process.disk.operations`
    pub static PROCESS_DISK_OPERATIONS: Metric = Metric {
        name: "process.disk.operations",
        unit: "{operation}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION],
    };

    /// `process.memory.usage`
    pub static PROCESS_MEMORY_USAGE: Metric = Metric {
        name: "process.memory.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `process.memory.utilization`
    pub static PROCESS_MEMORY_UTILIZATION: Metric = Metric {
        name: "process.memory.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `process.memory.virtual`
    pub static PROCESS_MEMORY_VIRTUAL: Metric = Metric {
        name: "process.memory.virtual",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `process.network.io`
    pub static PROCESS_NETWORK_IO: Metric = Metric {
        name: "process.network.io",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NETWORK_IO_DIRECTION],
    };

    /// `process.paging.faults`
    pub static PROCESS_PAGING_FAULTS: Metric = Metric {
        name: "process.paging.faults",
        unit: "{fault}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_PAGING_FAULT_TYPE],
    };

    /// `process.signals_pending`
    pub static PROCESS_SIGNALS_PENDING: Metric = Metric {
        name: "process.signals_pending",
        unit: "{signal}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `process.thread.count`
    pub static PROCESS_THREAD_COUNT: Metric = Metric {
        name: "process.thread.count",
        unit: "{thread}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `process.unix.file_descriptor.count`
    pub static PROCESS_UNIX_FILE_DESCRIPTOR_COUNT: Metric = Metric {
        name: "process.unix.file_descriptor.count",
        unit: "{file_descriptor}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `process.uptime`
    pub static PROCESS_UPTIME: Metric =
        Metric { name: "process.uptime", unit: "s", description: "", boundaries: &[], attributes: &[] };

    /// `process.windows.handle.count`
    pub static PROCESS_WINDOWS_HANDLE_COUNT: Metric = Metric {
        name: "process.windows.handle.count",
        unit: "{handle}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `rpc.client.call.duration`
    pub static RPC_CLIENT_CALL_DURATION: Metric = Metric {
        name: "rpc.client.call.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::RPC_METHOD,
            attribute::RPC_RESPONSE_STATUS_CODE,
            attribute::RPC_SYSTEM_NAME,
            attribute::SERVER_ADDRESS,
            attribute::SERVER_PORT,
        ],
    };

    /// `rpc.server.call.duration`
    pub static RPC_SERVER_CALL_DURATION: Metric = Metric {
        name: "rpc.server.call.duration",
        unit: "s",
        description: "",
        boundaries: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
        attributes: &[
            attribute::ERROR_TYPE,
            attribute::RPC_METHOD,
            attribute::RPC_RESPONSE_STATUS_CODE,
            attribute::RPC_SYSTEM_NAME,
        ],
    };

    /// `system.cpu.frequency`
    pub static SYSTEM_CPU_FREQUENCY: Metric = Metric {
        name: "system.cpu.frequency",
        unit: "Hz",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_LOGICAL_NUMBER],
    };

    /// `system.cpu.logical.count`
    pub static SYSTEM_CPU_LOGICAL_COUNT: Metric = Metric {
        name: "system.cpu.logical.count",
        unit: "{cpu}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.cpu.physical.count`
    pub static SYSTEM_CPU_PHYSICAL_COUNT: Metric = Metric {
        name: "system.cpu.physical.count",
        unit: "{cpu}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.cpu.time`
    pub static SYSTEM_CPU_TIME: Metric = Metric {
        name: "system.cpu.time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_MODE],
    };

    /// `system.cpu.utilization`
    pub static SYSTEM_CPU_UTILIZATION: Metric = Metric {
        name: "system.cpu.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[attribute::CPU_MODE],
    };

    /// `system.disk.io`
    pub static SYSTEM_DISK_IO: Metric = Metric {
        name: "system.disk.io",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION, attribute::SYSTEM_DEVICE],
    };

    /// `system.disk.io_time`
    pub static SYSTEM_DISK_IO_TIME: Metric = Metric {
        name: "system.disk.io_time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_DEVICE],
    };

    /// `system.disk.limit`
    pub static SYSTEM_DISK_LIMIT: Metric = Metric {
        name: "system.disk.limit",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_DEVICE],
    };

    /// `system.disk.merged`
    pub static SYSTEM_DISK_MERGED: Metric = Metric {
        name: "system.disk.merged",
        unit: "{operation}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION, attribute::SYSTEM_DEVICE],
    };

    /// `system.disk.operation_time`
    pub static SYSTEM_DISK_OPERATION_TIME: Metric = Metric {
        name: "system.disk.operation_time",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION, attribute::SYSTEM_DEVICE],
    };

    /// `system.disk.operations`
    pub static SYSTEM_DISK_OPERATIONS: Metric = Metric {
        name: "system.disk.operations",
        unit: "{operation}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::DISK_IO_DIRECTION, attribute::SYSTEM_DEVICE],
    };

    /// `system.filesystem.limit`
    pub static SYSTEM_FILESYSTEM_LIMIT: Metric = Metric {
        name: "system.filesystem.limit",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::SYSTEM_DEVICE,
            attribute::SYSTEM_FILESYSTEM_MODE,
            attribute::SYSTEM_FILESYSTEM_MOUNTPOINT,
            attribute::SYSTEM_FILESYSTEM_TYPE,
        ],
    };

    /// `system.filesystem.lock.count`
    pub static SYSTEM_FILESYSTEM_LOCK_COUNT: Metric = Metric {
        name: "system.filesystem.lock.count",
        unit: "{lock}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::FILE_LOCK_MECHANISM,
            attribute::FILE_LOCK_MODE,
            attribute::FILE_LOCK_TYPE,
            attribute::SYSTEM_DEVICE,
        ],
    };

    /// `system.filesystem.usage`
    pub static SYSTEM_FILESYSTEM_USAGE: Metric = Metric {
        name: "system.filesystem.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::SYSTEM_DEVICE,
            attribute::SYSTEM_FILESYSTEM_MODE,
            attribute::SYSTEM_FILESYSTEM_MOUNTPOINT,
            attribute::SYSTEM_FILESYSTEM_STATE,
            attribute::SYSTEM_FILESYSTEM_TYPE,
        ],
    };

    /// `system.filesystem.utilization`
    pub static SYSTEM_FILESYSTEM_UTILIZATION: Metric = Metric {
        name: "system.filesystem.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::SYSTEM_DEVICE,
            attribute::SYSTEM_FILESYSTEM_MODE,
            attribute::SYSTEM_FILESYSTEM_MOUNTPOINT,
            attribute::SYSTEM_FILESYSTEM_STATE,
            attribute::SYSTEM_FILESYSTEM_TYPE,
        ],
    };

    /// `system.memory.limit`
    pub static SYSTEM_MEMORY_LIMIT: Metric =
        Metric { name: "system.memory.limit", unit: "By", description: "", boundaries: &[], attributes: &[] };

    /// `system.memory.linux.available`
    pub static SYSTEM_MEMORY_LINUX_AVAILABLE: Metric = Metric {
        name: "system.memory.linux.available",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.memory.linux.hugepages.limit`
    pub static SYSTEM_MEMORY_LINUX_HUGEPAGES_LIMIT: Metric = Metric {
        name: "system.memory.linux.hugepages.limit",
        unit: "{page}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.memory.linux.hugepages.page_size`
    pub static SYSTEM_MEMORY_LINUX_HUGEPAGES_PAGE_SIZE: Metric = Metric {
        name: "system.memory.linux.hugepages.page_size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.memory.linux.hugepages.reserved`
    pub static SYSTEM_MEMORY_LINUX_HUGEPAGES_RESERVED: Metric = Metric {
        name: "system.memory.linux.hugepages.reserved",
        unit: "{page}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.memory.linux.hugepages.surplus`
    pub static SYSTEM_MEMORY_LINUX_HUGEPAGES_SURPLUS: Metric = Metric {
        name: "system.memory.linux.hugepages.surplus",
        unit: "{page}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.memory.linux.hugepages.usage`
    pub static SYSTEM_MEMORY_LINUX_HUGEPAGES_USAGE: Metric = Metric {
        name: "system.memory.linux.hugepages.usage",
        unit: "{page}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_MEMORY_LINUX_HUGEPAGES_STATE],
    };

    /// `system.memory.linux.hugepages.utilization`
    pub static SYSTEM_MEMORY_LINUX_HUGEPAGES_UTILIZATION: Metric = Metric {
        name: "system.memory.linux.hugepages.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_MEMORY_LINUX_HUGEPAGES_STATE],
    };

    /// `system.memory.linux.shared`
    pub static SYSTEM_MEMORY_LINUX_SHARED: Metric = Metric {
        name: "system.memory.linux.shared",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.memory.linux.slab.usage`
    pub static SYSTEM_MEMORY_LINUX_SLAB_USAGE: Metric = Metric {
        name: "system.memory.linux.slab.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_MEMORY_LINUX_SLAB_STATE],
    };

    /// `system.memory.usage`
    pub static SYSTEM_MEMORY_USAGE: Metric = Metric {
        name: "system.memory.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_MEMORY_STATE],
    };

    /// `system.memory.utilization`
    pub static SYSTEM_MEMORY_UTILIZATION: Metric = Metric {
        name: "system.memory.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_MEMORY_STATE],
    };

    /// `system.network.connection.count`
    pub static SYSTEM_NETWORK_CONNECTION_COUNT: Metric = Metric {
        name: "system.network.connection.count",
        unit: "{connection}",
        description: "",
        boundaries: &[],
        attributes: &[
            attribute::NETWORK_CONNECTION_STATE,
            attribute::NETWORK_INTERFACE_NAME,
            attribute::NETWORK_TRANSPORT,
        ],
    };

    /// `system.network.errors`
    pub static SYSTEM_NETWORK_ERRORS: Metric = Metric {
        name: "system.network.errors",
        unit: "{error}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NETWORK_INTERFACE_NAME, attribute::NETWORK_IO_DIRECTION],
    };

    /// `system.network.io`
    pub static SYSTEM_NETWORK_IO: Metric = Metric {
        name: "system.network.io",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NETWORK_INTERFACE_NAME, attribute::NETWORK_IO_DIRECTION],
    };

    /// `system.network.packet.count`
    pub static SYSTEM_NETWORK_PACKET_COUNT: Metric = Metric {
        name: "system.network.packet.count",
        unit: "{packet}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NETWORK_IO_DIRECTION, attribute::SYSTEM_DEVICE],
    };

    /// `system.network.packet.dropped`
    pub static SYSTEM_NETWORK_PACKET_DROPPED: Metric = Metric {
        name: "system.network.packet.dropped",
        unit: "{packet}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::NETWORK_INTERFACE_NAME, attribute::NETWORK_IO_DIRECTION],
    };

    /// `system.paging.faults`
    pub static SYSTEM_PAGING_FAULTS: Metric = Metric {
        name: "system.paging.faults",
        unit: "{fault}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_PAGING_FAULT_TYPE],
    };

    /// `system.paging.operations`
    pub static SYSTEM_PAGING_OPERATIONS: Metric = Metric {
        name: "system.paging.operations",
        unit: "{operation}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_PAGING_DIRECTION, attribute::SYSTEM_PAGING_FAULT_TYPE],
    };

    /// `system.paging.usage`
    pub static SYSTEM_PAGING_USAGE: Metric = Metric {
        name: "system.paging.usage",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_DEVICE, attribute::SYSTEM_PAGING_STATE],
    };

    /// `system.paging.utilization`
    pub static SYSTEM_PAGING_UTILIZATION: Metric = Metric {
        name: "system.paging.utilization",
        unit: "1",
        description: "",
        boundaries: &[],
        attributes: &[attribute::SYSTEM_DEVICE, attribute::SYSTEM_PAGING_STATE],
    };

    /// `system.process.count`
    pub static SYSTEM_PROCESS_COUNT: Metric = Metric {
        name: "system.process.count",
        unit: "{process}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::PROCESS_STATE],
    };

    /// `system.process.created`
    pub static SYSTEM_PROCESS_CREATED: Metric = Metric {
        name: "system.process.created",
        unit: "{process}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.process.limit`
    pub static SYSTEM_PROCESS_LIMIT: Metric = Metric {
        name: "system.process.limit",
        unit: "{thread}",
        description: "",
        boundaries: &[],
        attributes: &[],
    };

    /// `system.uptime`
    pub static SYSTEM_UPTIME: Metric =
        Metric { name: "system.uptime", unit: "s", description: "", boundaries: &[], attributes: &[] };

    /// `v8js.gc.duration`
    pub static V8JS_GC_DURATION: Metric = Metric {
        name: "v8js.gc.duration",
        unit: "s",
        description: "",
        boundaries: &[],
        attributes: &[attribute::V8JS_GC_TYPE],
    };

    /// `v8js.memory.heap.space.available_size`
    pub static V8JS_MEMORY_HEAP_SPACE_AVAILABLE_SIZE: Metric = Metric {
        name: "v8js.memory.heap.space.available_size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::V8JS_HEAP_SPACE_NAME],
    };

    /// `v8js.memory.heap.space.physical_size`
    pub static V8JS_MEMORY_HEAP_SPACE_PHYSICAL_SIZE: Metric = Metric {
        name: "v8js.memory.heap.space.physical_size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::V8JS_HEAP_SPACE_NAME],
    };

    /// `v8js.memory.heap.space.size`
    pub static V8JS_MEMORY_HEAP_SPACE_SIZE: Metric = Metric {
        name: "v8js.memory.heap.space.size",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::V8JS_HEAP_SPACE_NAME],
    };

    /// `v8js.memory.heap.used`
    pub static V8JS_MEMORY_HEAP_USED: Metric = Metric {
        name: "v8js.memory.heap.used",
        unit: "By",
        description: "",
        boundaries: &[],
        attributes: &[attribute::V8JS_HEAP_SPACE_NAME],
    };

    /// `v8js.resource.active`
    pub static V8JS_RESOURCE_ACTIVE: Metric = Metric {
        name: "v8js.resource.active",
        unit: "{resource}",
        description: "",
        boundaries: &[],
        attributes: &[attribute::V8JS_RESOURCE_TYPE],
    };

    /// All of the above, sorted by name.
    pub static ALL: &[&Metric] = &[
        &CONTAINER_CPU_TIME,
        &CONTAINER_CPU_USAGE,
        &CONTAINER_DISK_IO,
        &CONTAINER_FILESYSTEM_AVAILABLE,
        &CONTAINER_FILESYSTEM_CAPACITY,
        &CONTAINER_FILESYSTEM_USAGE,
        &CONTAINER_MEMORY_AVAILABLE,
        &CONTAINER_MEMORY_RSS,
        &CONTAINER_MEMORY_USAGE,
        &CONTAINER_MEMORY_WORKING_SET,
        &CONTAINER_NETWORK_IO,
        &CONTAINER_PAGING_FAULTS,
        &CONTAINER_UPTIME,
        &CPYTHON_GC_COLLECTED_OBJECTS,
        &CPYTHON_GC_COLLECTIONS,
        &CPYTHON_GC_UNCOLLECTABLE_OBJECTS,
        &DB_CLIENT_CONNECTION_COUNT,
        &DB_CLIENT_CONNECTION_CREATE_TIME,
        &DB_CLIENT_CONNECTION_IDLE_MAX,
        &DB_CLIENT_CONNECTION_IDLE_MIN,
        &DB_CLIENT_CONNECTION_MAX,
        &DB_CLIENT_CONNECTION_PENDING_REQUESTS,
        &DB_CLIENT_CONNECTION_TIMEOUTS,
        &DB_CLIENT_CONNECTION_USE_TIME,
        &DB_CLIENT_CONNECTION_WAIT_TIME,
        &DB_CLIENT_OPERATION_DURATION,
        &DB_CLIENT_RESPONSE_RETURNED_ROWS,
        &DNS_LOOKUP_DURATION,
        &GO_CONFIG_GOGC,
        &GO_CPU_TIME,
        &GO_GOROUTINE_COUNT,
        &GO_MEMORY_ALLOCATED,
        &GO_MEMORY_ALLOCATIONS,
        &GO_MEMORY_GC_CYCLES,
        &GO_MEMORY_GC_GOAL,
        &GO_MEMORY_GC_PAUSE_DURATION,
        &GO_MEMORY_LIMIT,
        &GO_MEMORY_USED,
        &GO_PROCESSOR_LIMIT,
        &GO_SCHEDULE_DURATION,
        &HTTP_CLIENT_ACTIVE_REQUESTS,
        &HTTP_CLIENT_CONNECTION_DURATION,
        &HTTP_CLIENT_OPEN_CONNECTIONS,
        &HTTP_CLIENT_REQUEST_BODY_SIZE,
        &HTTP_CLIENT_REQUEST_DURATION,
        &HTTP_CLIENT_RESPONSE_BODY_SIZE,
        &HTTP_SERVER_ACTIVE_REQUESTS,
        &HTTP_SERVER_REQUEST_BODY_SIZE,
        &HTTP_SERVER_REQUEST_DURATION,
        &HTTP_SERVER_RESPONSE_BODY_SIZE,
        &JVM_BUFFER_COUNT,
        &JVM_BUFFER_MEMORY_LIMIT,
        &JVM_BUFFER_MEMORY_USED,
        &JVM_CLASS_COUNT,
        &JVM_CLASS_LOADED,
        &JVM_CLASS_UNLOADED,
        &JVM_CPU_COUNT,
        &JVM_CPU_RECENT_UTILIZATION,
        &JVM_CPU_TIME,
        &JVM_FILE_DESCRIPTOR_COUNT,
        &JVM_FILE_DESCRIPTOR_LIMIT,
        &JVM_GC_DURATION,
        &JVM_MEMORY_COMMITTED,
        &JVM_MEMORY_INIT,
        &JVM_MEMORY_LIMIT,
        &JVM_MEMORY_USED,
        &JVM_MEMORY_USED_AFTER_LAST_GC,
        &JVM_SYSTEM_CPU_LOAD_1M,
        &JVM_SYSTEM_CPU_UTILIZATION,
        &JVM_THREAD_COUNT,
        &MESSAGING_CLIENT_CONSUMED_MESSAGES,
        &MESSAGING_CLIENT_OPERATION_DURATION,
        &MESSAGING_CLIENT_SENT_MESSAGES,
        &MESSAGING_PROCESS_DURATION,
        &NODEJS_EVENTLOOP_DELAY_MAX,
        &NODEJS_EVENTLOOP_DELAY_MEAN,
        &NODEJS_EVENTLOOP_DELAY_MIN,
        &NODEJS_EVENTLOOP_DELAY_P50,
        &NODEJS_EVENTLOOP_DELAY_P90,
        &NODEJS_EVENTLOOP_DELAY_P99,
        &NODEJS_EVENTLOOP_DELAY_STDDEV,
        &NODEJS_EVENTLOOP_TIME,
        &NODEJS_EVENTLOOP_UTILIZATION,
        &OTEL_SDK_EXPORTER_LOG_EXPORTED,
        &OTEL_SDK_EXPORTER_LOG_INFLIGHT,
        &OTEL_SDK_EXPORTER_METRIC_DATA_POINT_EXPORTED,
        &OTEL_SDK_EXPORTER_METRIC_DATA_POINT_INFLIGHT,
        &OTEL_SDK_EXPORTER_OPERATION_DURATION,
        &OTEL_SDK_EXPORTER_SPAN_EXPORTED,
        &OTEL_SDK_EXPORTER_SPAN_INFLIGHT,
        &OTEL_SDK_LOG_CREATED,
        &OTEL_SDK_METRIC_READER_COLLECTION_DURATION,
        &OTEL_SDK_PROCESSOR_LOG_PROCESSED,
        &OTEL_SDK_PROCESSOR_LOG_QUEUE_CAPACITY,
        &OTEL_SDK_PROCESSOR_LOG_QUEUE_SIZE,
        &OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
        &OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY,
        &OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
        &OTEL_SDK_SPAN_LIVE,
        &OTEL_SDK_SPAN_STARTED,
        &PROCESS_CONTEXT_SWITCHES,
        &PROCESS_CPU_TIME,
        &PROCESS_CPU_UTILIZATION,
        &PROCESS_DISK_IO,
        &PROCESS_DISK_OPERATIONS,
        &PROCESS_MEMORY_USAGE,
        &PROCESS_MEMORY_UTILIZATION,
        &PROCESS_MEMORY_VIRTUAL,
        &PROCESS_NETWORK_IO,
        &PROCESS_PAGING_FAULTS,
        &PROCESS_SIGNALS_PENDING,
        &PROCESS_THREAD_COUNT,
        &PROCESS_UNIX_FILE_DESCRIPTOR_COUNT,
        &PROCESS_UPTIME,
        &PROCESS_WINDOWS_HANDLE_COUNT,
        &RPC_CLIENT_CALL_DURATION,
        &RPC_SERVER_CALL_DURATION,
        &SYSTEM_CPU_FREQUENCY,
        &SYSTEM_CPU_LOGICAL_COUNT,
        &SYSTEM_CPU_PHYSICAL_COUNT,
        &SYSTEM_CPU_TIME,
        &SYSTEM_CPU_UTILIZATION,
        &SYSTEM_DISK_IO,
        &SYSTEM_DISK_IO_TIME,
        &SYSTEM_DISK_LIMIT,
        &SYSTEM_DISK_MERGED,
        &SYSTEM_DISK_OPERATION_TIME,
        &SYSTEM_DISK_OPERATIONS,
        &SYSTEM_FILESYSTEM_LIMIT,
        &SYSTEM_FILESYSTEM_LOCK_COUNT,
        &SYSTEM_FILESYSTEM_USAGE,
        &SYSTEM_FILESYSTEM_UTILIZATION,
        &SYSTEM_MEMORY_LIMIT,
        &SYSTEM_MEMORY_LINUX_AVAILABLE,
        &SYSTEM_MEMORY_LINUX_HUGEPAGES_LIMIT,
        &SYSTEM_MEMORY_LINUX_HUGEPAGES_PAGE_SIZE,
        &SYSTEM_MEMORY_LINUX_HUGEPAGES_RESERVED,
        &SYSTEM_MEMORY_LINUX_HUGEPAGES_SURPLUS,
        &SYSTEM_MEMORY_LINUX_HUGEPAGES_USAGE,
        &SYSTEM_MEMORY_LINUX_HUGEPAGES_UTILIZATION,
        &SYSTEM_MEMORY_LINUX_SHARED,
        &SYSTEM_MEMORY_LINUX_SLAB_USAGE,
        &SYSTEM_MEMORY_USAGE,
        &SYSTEM_MEMORY_UTILIZATION,
        &SYSTEM_NETWORK_CONNECTION_COUNT,
        &SYSTEM_NETWORK_ERRORS,
        &SYSTEM_NETWORK_IO,
        &SYSTEM_NETWORK_PACKET_COUNT,
        &SYSTEM_NETWORK_PACKET_DROPPED,
        &SYSTEM_PAGING_FAULTS,
        &SYSTEM_PAGING_OPERATIONS,
        &SYSTEM_PAGING_USAGE,
        &SYSTEM_PAGING_UTILIZATION,
        &SYSTEM_PROCESS_COUNT,
        &SYSTEM_PROCESS_CREATED,
        &SYSTEM_PROCESS_LIMIT,
        &SYSTEM_UPTIME,
        &V8JS_GC_DURATION,
        &V8JS_MEMORY_HEAP_SPACE_AVAILABLE_SIZE,
        &V8JS_MEMORY_HEAP_SPACE_PHYSICAL_SIZE,
        &V8JS_MEMORY_HEAP_SPACE_SIZE,
        &V8JS_MEMORY_HEAP_USED,
        &V8JS_RESOURCE_ACTIVE,
    ];
}
