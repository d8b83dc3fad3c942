"""The GraphQL that the web UI sends, in its own words. What is asked with it is in `graphql`."""

LOADED = """{ repositoriesOrError { __typename ... on RepositoryConnection { nodes {
    name location { name } assetNodes { assetKey { path } } } } } }"""
RUNS = """query($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results {
    runId rootRunId parentRunId status creationTime startTime endTime tags { key value }
    assetSelection { path } } } } }"""
LAUNCH_BACKFILL = """mutation($params: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $params) { __typename
    ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status numCancelable } } }"""
CANCEL_BACKFILL = """mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) {
    __typename } }"""
TERMINATE = """mutation($ids: [String!]!) { terminateRuns(runIds: $ids,
    terminatePolicy: SAFE_TERMINATE) { ... on TerminateRunsResult { terminateRunResults {
    __typename } } } }"""
REEXECUTE = """mutation($params: ReexecutionParams!) {
    launchRunReexecution(reexecutionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
LAUNCH_RUN = """mutation($params: ExecutionParams!) {
    launchRun(executionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUSES = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetPartitionStatuses { ... on DefaultPartitionStatuses {
    materializedPartitions failedPartitions materializingPartitions
    unmaterializedPartitions } } } } }"""
MATERIALIZATIONS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetMaterializations(limit: 100) { runId timestamp } } } }"""
WIPE = """mutation($ranges: [PartitionsByAssetSelector!]!) {
    wipeAssets(assetPartitionRanges: $ranges) { __typename
    ... on PythonError { message } ... on UnsupportedOperationError { message } } }"""
MESSAGES = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    __typename ... on MessageEvent { message } } } } }"""
SCHEDULES = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    schedules { name scheduleState { id status } } sensors { name sensorState { id status } } }
    } } }"""
STOP = {
    "schedules": "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }",
    "sensors": "mutation($id: String!) { stopSensor(id: $id) { __typename } }",
}
TICKS = """query($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) {
    ... on Sensor { sensorState { ticks(limit: 5) { status skipReason } } } } }"""
