//! Which actions are seen in a log at all: those whose requests are data events, logged only where a selector asks for them; those that are
//! logged nowhere; and those of which it is not certain which they are. All others are management events.
//!
//! What stands here is on the cautious side: an action is a data event of a type only where AWS documents it as one, and whole groups of
//! data-plane actions are [`Visibility::Unknown`], of which silence proves nothing.

/// Where requests for an action are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// In each trail that logs management events.
    Management,
    /// In a trail with a selector for this type of resource, such as `AWS::S3::Object`.
    Data(&'static str),
    /// In no trail; and why.
    Nowhere(&'static str),
    /// It is not known where, or it differs between ways to ask.
    Unknown,
}

const PERMISSION: &str = "it is a permission that other requests need, and no request itself";
const WIRE: &str = "connections and requests of the data plane are not logged by CloudTrail";

use Visibility::{Data, Nowhere, Unknown};

/// Service, names in lower case, of which one may end in `*`, and what they are. The first that has an action is it.
const TABLE: &[(&str, &[&str], Visibility)] = &[
    (
        "s3",
        &[
            "abortmultipartupload",
            "bypassgovernanceretention",
            "deleteobject*",
            "getobject*",
            "listbucket",
            "listbucketmultipartuploads",
            "listbucketversions",
            "listmultipartuploadparts",
            "objectowneroverridetobucketowner",
            "putobject*",
            "replicatedelete",
            "replicateobject",
            "replicatetags",
            "restoreobject",
            "updateobject*",
        ],
        Data("AWS::S3::Object"),
    ),
    ("s3express", &["createsession"], Data("AWS::S3Express::Object")),
    ("s3express", &["getobject*", "putobject*", "deleteobject*", "listbucket*"], Unknown),
    (
        "s3-outposts",
        &["getobject*", "putobject*", "deleteobject*", "listbucket*", "abortmultipartupload", "listmultipartuploadparts"],
        Data("AWS::S3Outposts::Object"),
    ),
    ("s3-object-lambda", &["*"], Data("AWS::S3ObjectLambda::AccessPoint")),
    ("s3tables", &["gettabledata", "puttabledata"], Unknown),
    ("s3vectors", &["*"], Unknown),
    ("lambda", &["invokefunction", "invokeasync", "invokefunctionurl"], Data("AWS::Lambda::Function")),
    ("dynamodb", &["getrecords", "getsharditerator"], Data("AWS::DynamoDB::Stream")),
    (
        "dynamodb",
        &[
            "batchgetitem",
            "batchwriteitem",
            "conditioncheckitem",
            "deleteitem",
            "getitem",
            "partiql*",
            "putitem",
            "query",
            "scan",
            "updateitem",
        ],
        Data("AWS::DynamoDB::Table"),
    ),
    ("dax", &["*item", "query", "scan", "*"], Nowhere(WIRE)),
    ("sns", &["publish"], Data("AWS::SNS::Topic")),
    ("sqs", &["sendmessage", "receivemessage", "deletemessage", "changemessagevisibility"], Data("AWS::SQS::Queue")),
    ("sqs", &["getqueueattributes", "getqueueurl", "listdeadlettersourcequeues", "listqueues", "listqueuetags"], Unknown),
    ("kinesis", &["getrecords", "getsharditerator", "putrecord", "putrecords"], Data("AWS::Kinesis::Stream")),
    ("kinesis", &["subscribetoshard", "listshards"], Unknown),
    ("firehose", &["putrecord", "putrecordbatch"], Unknown),
    ("kinesisvideo", &["get*", "putmedia", "listfragments", "connectas*", "joinstorage*", "sendalexa*"], Unknown),
    ("kinesisanalytics", &["*preview*"], Unknown),
    (
        "cognito-identity",
        &["getid", "getcredentialsforidentity", "getopenidtoken", "getopenidtokenfordeveloperidentity", "unlinkidentity"],
        Data("AWS::Cognito::IdentityPool"),
    ),
    ("cognito-sync", &["*"], Unknown),
    ("bedrock", &["invokeagent"], Data("AWS::Bedrock::AgentAlias")),
    ("bedrock", &["retrieve", "retrieveandgenerate"], Data("AWS::Bedrock::KnowledgeBase")),
    ("bedrock", &["invokeflow"], Data("AWS::Bedrock::FlowAlias")),
    ("bedrock", &["applyguardrail"], Data("AWS::Bedrock::Guardrail")),
    ("bedrock", &["invoke*", "renderprompt", "rerank", "generatequery", "getasyncinvoke", "listasyncinvokes"], Unknown),
    ("bedrock-agentcore", &["*"], Unknown),
    ("bedrock-mantle", &["*"], Unknown),
    ("sagemaker", &["putrecord", "getrecord", "batchgetrecord", "deleterecord"], Data("AWS::SageMaker::FeatureGroup")),
    ("sagemaker", &["invokeendpoint*", "batchputmetrics", "callwithbearertoken"], Unknown),
    ("ebs", &["getsnapshotblock", "putsnapshotblock", "listsnapshotblocks", "listchangedblocks"], Data("AWS::EC2::Snapshot")),
    ("appconfig", &["getlatestconfiguration", "startconfigurationsession"], Data("AWS::AppConfig::Configuration")),
    ("appsync", &["graphql"], Data("AWS::AppSync::GraphQLApi")),
    ("appsync", &["event*"], Unknown),
    ("cloudtrail-data", &["putauditevents"], Data("AWS::CloudTrail::Channel")),
    ("codewhisperer", &["*"], Unknown),
    ("cloudfront-keyvaluestore", &["*"], Data("AWS::CloudFront::KeyValueStore")),
    ("servicediscovery", &["discoverinstances", "discoverinstancesrevision"], Unknown),
    ("verifiedpermissions", &["*isauthorized*", "isauthorized*", "batchisauthorized*"], Data("AWS::VerifiedPermissions::PolicyStore")),
    ("ssmmessages", &["*"], Unknown),
    ("ec2messages", &["*"], Unknown),
    (
        "ssm",
        &["updateinstanceinformation", "putinventory", "putcomplianceitems", "updateinstanceassociationstatus", "getdeployable*"],
        Unknown,
    ),
    ("logs", &["putlogevents*", "getlogevents", "getlogrecord", "filterlogevents", "startlivetail", "unmask", "getlogobject"], Unknown),
    ("cloudwatch", &["getmetric*", "putmetricdata", "listmetrics", "link"], Unknown),
    ("xray", &["*"], Unknown),
    ("rum", &["putrumevents"], Unknown),
    ("events", &["putevents", "putpartnerevents", "invokeapidestination", "retrieveconnectioncredentials"], Unknown),
    ("states", &["sendtask*", "getactivitytask", "invokehttpendpoint", "startsyncexecution", "redriveexecution"], Unknown),
    ("swf", &["*"], Unknown),
    ("rds-data", &["*"], Unknown),
    ("timestream", &["*"], Unknown),
    ("ses", &["send*"], Unknown),
    ("mobiletargeting", &["send*", "putevents", "updateendpoint*", "getendpoint", "getuserendpoints", "phonenumbervalidate"], Unknown),
    ("sms-voice", &["send*"], Unknown),
    ("social-messaging", &["send*", "*media*", "getwhatsapp*", "postwhatsapp*"], Unknown),
    ("mobileanalytics", &["*"], Unknown),
    ("personalize", &["getrecommendations", "getpersonalizedranking", "getactionrecommendations", "put*"], Unknown),
    ("rekognition", &["detect*", "comparefaces", "search*", "recognize*", "startfacelivenesssession"], Unknown),
    ("comprehend", &["detect*", "batchdetect*", "classifydocument", "containspiientities"], Unknown),
    ("comprehendmedical", &["*"], Unknown),
    ("textract", &["*"], Unknown),
    ("translate", &["translate*"], Unknown),
    ("polly", &["synthesizespeech"], Unknown),
    ("transcribe", &["startstream*", "*stream*", "*stream", "startcallanalyticsstream*", "startmedicalstream*"], Unknown),
    ("lex", &["post*", "recognize*", "startconversation", "getsession", "putsession", "deletesession"], Unknown),
    ("kendra", &["query", "retrieve", "getquerysuggestions", "submitfeedback", "batch*"], Unknown),
    ("kendra-ranking", &["*"], Unknown),
    ("qbusiness", &["*"], Unknown),
    ("q", &["*"], Unknown),
    ("wisdom", &["*"], Unknown),
    ("connect", &["sendoutbound*", "*metric*", "getmetricdata*", "getcurrent*", "startchat*", "createparticipant"], Unknown),
    ("healthlake", &["*"], Unknown),
    ("medical-imaging", &["*"], Unknown),
    ("omics", &["get*", "upload*"], Unknown),
    ("geo", &["*"], Unknown),
    ("geo-maps", &["*"], Unknown),
    ("geo-places", &["*"], Unknown),
    ("geo-routes", &["*"], Unknown),
    ("managedblockchain", &["get", "post", "invoke*"], Unknown),
    ("managedblockchain-query", &["*"], Unknown),
    ("payment-cryptography", &["decrypt*", "encrypt*", "reencrypt*", "generate*", "verify*", "translate*"], Unknown),
    ("signer", &["getrevocationstatus"], Unknown),
    ("sqlworkbench", &["*"], Unknown),
    ("awsconnector", &["*"], Unknown),
    ("codeartifact", &["readfromrepository", "getpackageversionasset"], Unknown),
    ("ecr-public", &["*layer*", "initiatelayerupload"], Unknown),
    ("greengrass", &["*"], Unknown),
    ("iot", &["connect", "publish", "receive", "retainpublish", "subscribe", "assumerolewithcertificate"], Nowhere(WIRE)),
    (
        "iot",
        &[
            "getthingshadow",
            "updatethingshadow",
            "deletethingshadow",
            "listnamedshadowsforthing",
            "*retained*",
            "getretainedmessage",
            "listretainedmessages",
        ],
        Unknown,
    ),
    ("iotsitewise", &["batch*", "getasset*", "getinterpolated*", "executequery"], Unknown),
    ("iottwinmaker", &["*propertyvalue*", "getpropertyvalue*", "batchput*"], Unknown),
    ("iotevents", &["batch*"], Unknown),
    ("iotwireless", &["senddata*"], Unknown),
    ("deadline", &["*"], Unknown),
    ("guardduty", &["sendsecuritytelemetry"], Unknown),
    ("inspector2-telemetry", &["*"], Unknown),
    ("inspector-scan", &["*"], Unknown),
    ("private-networks", &["*"], Unknown),
    ("thinclient", &["*"], Unknown),
    ("neptune-graph", &["*"], Unknown),
    ("synthetics", &["*"], Unknown),
    ("sso-directory", &["*"], Unknown),
    ("identitystore-auth", &["*"], Unknown),
    ("sso-oauth", &["*"], Unknown),
    ("execute-api", &["*"], Nowhere(WIRE)),
    ("vpc-lattice-svcs", &["*"], Nowhere(WIRE)),
    ("rds-db", &["*"], Nowhere(WIRE)),
    ("dsql", &["dbconnect*"], Nowhere(WIRE)),
    ("elasticache", &["connect"], Nowhere(WIRE)),
    ("memorydb", &["connect"], Nowhere(WIRE)),
    ("elasticfilesystem", &["client*"], Nowhere(WIRE)),
    ("s3files", &["client*"], Nowhere(WIRE)),
    ("es", &["eshttp*"], Nowhere(WIRE)),
    ("aoss", &["apiaccessall", "dashboardsaccessall"], Nowhere(WIRE)),
    ("kafka-cluster", &["*"], Nowhere(WIRE)),
    ("neptune-db", &["*"], Nowhere(WIRE)),
    ("cassandra", &["select*", "modify*", "unload*"], Unknown),
    ("sdb", &["*"], Nowhere("CloudTrail does not log SimpleDB")),
    ("importexport", &["*"], Nowhere("CloudTrail does not log Import/Export")),
    ("iam", &["passrole"], Nowhere(PERMISSION)),
    ("sts", &["tagsession", "setsourceidentity", "setcontext"], Nowhere(PERMISSION)),
    ("lambda", &["enablereplication*", "disablereplication*"], Nowhere(PERMISSION)),
    ("s3", &["pause*", "initiatereplication"], Nowhere(PERMISSION)),
    ("lakeformation", &["getdataaccess"], Unknown),
    ("aws-portal", &["*"], Unknown),
    ("billing", &["*"], Unknown),
    ("consolidatedbilling", &["*"], Unknown),
    ("tax", &["*"], Unknown),
    ("payments", &["*"], Unknown),
    ("invoicing", &["*"], Unknown),
    ("purchase-orders", &["*"], Unknown),
    ("aws-marketplace", &["*"], Unknown),
    ("trustedadvisor", &["*"], Unknown),
    ("wellarchitected", &["*"], Unknown),
    ("health", &["*"], Unknown),
];

/// Where requests for an action, such as `s3:GetObject` in any case, are seen. An action that does not stand here is one of a management event
/// if it belongs to an operation at all; of one that belongs to none, silence proves nothing either, which is for the caller to know.
#[must_use]
pub fn visibility(action: &str) -> Visibility {
    let action = action.to_ascii_lowercase();
    let Some((service, name)) = action.split_once(':') else { return Unknown };
    let of_service = TABLE.iter().filter(|(of, _, _)| *of == service);
    let found = of_service.into_iter().find(|(_, names, _)| names.iter().any(|pattern| matches(pattern, name)));
    found.map_or(Visibility::Management, |(_, _, visibility)| *visibility)
}

/// Whether a name is what a pattern says, where `*` may stand at either end.
fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        _ if pattern == "*" => true,
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (Some(end), None) => name.ends_with(end),
        (None, Some(begin)) => name.starts_with(begin),
        (None, None) => pattern == name,
    }
}

#[cfg(test)]
mod tests;
