//! Classes of actions that must not come back by themselves: those that manage permissions, that give out credentials, that read data in
//! bulk, that open a known way to more than is granted, and that switch off what watches or delete keys and backups. The first follows AWS's
//! access level, with the additions below; the ways are those of [`escalation`]; the others are this project's lists, from the services'
//! documentation, as patterns of service and name so that what AWS adds beside is caught too.

use super::action::{AccessLevel, Action};
use super::escalation;
use super::shortest::covers;

impl Action {
    /// Whether it changes who may do what: AWS's level "Permissions management", and actions that AWS puts elsewhere though they do so.
    #[must_use]
    pub fn manages_permissions(&self) -> bool {
        let changes = !matches!(self.access_level(), AccessLevel::List | AccessLevel::Read);
        self.access_level() == AccessLevel::Permissions || changes && is_of(self, PERMISSIONS)
    }

    /// Whether its answer is a credential, or makes one: a key, a token, a password, a login.
    #[must_use]
    pub fn issues_credentials(&self) -> bool {
        is_of(self, CREDENTIALS)
    }

    /// Whether a known way to more than is granted takes it ([`escalation::paths`]), alone or with others.
    #[must_use]
    pub fn escalates(&self) -> bool {
        let name = self.to_string();
        escalation::paths().iter().any(|path| path.actions.iter().any(|action| action.eq_ignore_ascii_case(&name)))
    }

    /// Whether it can switch off logging or detection, or delete keys or backups: what keeps an attack from being seen, or from being undone.
    #[must_use]
    pub fn disarms(&self) -> bool {
        let changes = !matches!(self.access_level(), AccessLevel::List | AccessLevel::Read);
        changes && is_of(self, DISARMING)
    }

    /// Whether it reads what is stored (objects, rows, messages, secrets, snapshots, code), or sends it elsewhere.
    #[must_use]
    pub fn reads_data_in_bulk(&self) -> bool {
        is_of(self, DATA)
    }
}

/// Service (`*` is any), and names as patterns.
type Class = &'static [(&'static str, &'static str)];

fn is_of(action: &Action, class: Class) -> bool {
    let classed = class.iter().filter(|(service, _)| *service == action.service() || *service == "*");
    classed.flat_map(|(_, names)| names.split_ascii_whitespace()).any(|name| covers(name, action.name()))
}

const PERMISSIONS: Class = &[
    // All that changes IAM: a user made, a group joined, a provider trusted.
    (
        "iam",
        "Add* Attach* Change* Create* Deactivate* Delete* Detach* Enable* PassRole Put* Remove* Reset* Resync* Set* \
         Tag* Untag* Update* Upload*",
    ),
    (
        "organizations",
        "AttachPolicy CreatePolicy DeletePolicy DetachPolicy DisablePolicyType EnablePolicyType LeaveOrganization \
         MoveAccount PutResourcePolicy DeleteResourcePolicy RegisterDelegatedAdministrator \
         RemoveAccountFromOrganization UpdatePolicy",
    ),
    ("sso", "*AccountAssignment *PermissionSet *PermissionsBoundary* *ApplicationAssignment* PutApplication*"),
    ("identitystore", "Create* Delete* Update*"),
    ("sso-directory", "Add* Create* Delete* Remove* Update*"),
    ("rolesanywhere", "Create* Delete* Disable* Enable* Import* Put* Update*"),
    ("kms", "CreateGrant PutKeyPolicy RetireGrant RevokeGrant"),
    (
        "s3",
        "*Acl *BucketPolicy *AccessPointPolicy* *AccessGrant* *PublicAccessBlock *OwnershipControls \
         BypassGovernanceRetention ObjectOwnerOverrideToBucketOwner",
    ),
    ("cognito-identity", "SetIdentityPoolRoles SetPrincipalTagAttributeMap"),
    (
        "lakeformation",
        "AddLFTagsToResource BatchGrantPermissions BatchRevokePermissions GrantPermissions PutDataLakeSettings \
         RevokePermissions",
    ),
    ("eks", "*AccessEntry *AccessPolicy *PodIdentityAssociation"),
    ("ram", "Accept* Associate* Create* Disassociate* Enable* Promote* Replace* Set* Update*"),
    ("lambda", "AddPermission RemovePermission AddLayerVersionPermission RemoveLayerVersionPermission *FunctionUrlConfig"),
    ("ec2", "*IamInstanceProfile* ModifySnapshotAttribute ModifyImageAttribute ModifyInstanceMetadataOptions"),
    ("secretsmanager", "*ResourcePolicy"),
    ("ds", "*Trust* ResetUserPassword"),
];

const CREDENTIALS: Class = &[
    // In any service: what a name says of itself.
    (
        "*",
        "CallWithBearerToken Create*ApiKey Create*Token Get*Credentials* Get*Token Issue*Certificate* Reset*Password \
         Retrieve*Credentials Rotate*AccessToken Rotate*Credentials *EmbedUrl* *PresignedUrl*",
    ),
    ("sts", "AssumeRole* AssumeRoot GetFederationToken GetSessionToken Get*Token"),
    (
        "iam",
        "CreateAccessKey UpdateAccessKey CreateLoginProfile UpdateLoginProfile CreateServiceSpecificCredential \
         ResetServiceSpecificCredential UpdateServiceSpecificCredential UploadSSHPublicKey UpdateSSHPublicKey \
         UploadSigningCertificate UpdateSigningCertificate CreateVirtualMFADevice ChangePassword",
    ),
    ("cognito-identity", "GetCredentialsForIdentity GetOpenIdToken*"),
    (
        "cognito-idp",
        "AddUserPoolClientSecret AdminCreateUser AdminInitiateAuth AdminResetUserPassword AdminRespondToAuthChallenge \
         AdminSetUserPassword CreateUserPoolClient DescribeUserPoolClient UpdateUserPoolClient",
    ),
    ("ec2", "GetPasswordData CreateKeyPair ImportKeyPair ExportClientVpnClientConfiguration"),
    ("ec2-instance-connect", "SendSSHPublicKey SendSerialConsoleSSHPublicKey OpenTunnel"),
    ("ssm", "StartSession CreateActivation SendCommand ResumeSession RequestManagedInstanceRoleToken"),
    (
        "lightsail",
        "CreateBucketAccessKey CreateKeyPair DownloadDefaultKeyPair GetInstanceAccessDetails \
         GetRelationalDatabaseMasterUserPassword CreateContainerServiceRegistryLogin",
    ),
    ("rds-db", "connect"),
    ("dsql", "DbConnect*"),
    ("elasticache", "Connect CreateUser ModifyUser"),
    ("memorydb", "Connect CreateUser UpdateUser"),
    ("redshift", "GetClusterCredentials* CreateClusterUser JoinGroup"),
    ("eks", "AccessKubernetesApi CreateAccessEntry UpdateAccessEntry"),
    ("secretsmanager", "GetSecretValue BatchGetSecretValue"),
    ("kms", "Decrypt GenerateDataKey* ReEncrypt* DeriveSharedSecret Sign GenerateMac"),
    ("acm", "ExportCertificate"),
    ("acm-pca", "IssueCertificate"),
    ("iot", "CreateKeysAndCertificate CreateProvisioningClaim CreateCertificateFromCsr Register*"),
    ("apigateway", "GET POST"),
    ("appsync", "CreateApiKey ListApiKeys UpdateApiKey"),
    ("gamelift", "RequestUploadCredentials GetComputeAuthToken GetComputeAccess GetInstanceAccess"),
    ("sso", "CreateAccountAssignment CreateApplicationAssignment"),
    ("sso-oauth", "Create*"),
    ("sagemaker", "CreatePresigned* StartSession"),
    ("lakeformation", "GetTemporary* GetDataAccess"),
    ("s3", "GetDataAccess CreateAccessGrant"),
    ("s3express", "CreateSession"),
    ("chime", "CreateApiKey RegenerateSecurityToken"),
    ("connect", "GetFederationToken*"),
    ("codebuild", "ImportSourceCredentials"),
    ("codestar-connections", "UseConnection GetInstallationUrl StartOAuthHandshake"),
    ("codeconnections", "UseConnection StartOAuthHandshake"),
    ("transfer", "ImportSshPublicKey CreateUser"),
    ("bedrock-agentcore", "GetResourceApiKey GetResource*Token GetWorkloadAccessToken* CompleteResourceTokenAuth"),
    ("mq", "*User"),
    ("mq", "CreateUser UpdateUser"),
    ("states", "RevealSecrets"),
    ("cloud9", "ModifyTemporaryCredentialsOnEnvironmentEC2"),
    ("datazone", "GetIamPortalLoginUrl SsoLogin"),
    ("wafv2", "CreateAPIKey GetDecryptedAPIKey"),
    ("workspaces", "CreateRootClientCertificate"),
    ("glue", "GlueNotebookRefreshCredentials"),
    ("storagegateway", "Set*Password"),
    ("pca-connector-scep", "GetChallengePassword"),
    ("aidevops", "CreateOneTimeLoginSession"),
];

const DATA: Class = &[
    ("s3", "CreateJob GetObject* InitiateReplication PutInventoryConfiguration PutReplicationConfiguration ReplicateObject RestoreObject"),
    ("s3express", "CreateSession"),
    ("s3-object-lambda", "GetObject*"),
    ("s3-outposts", "GetObject*"),
    ("s3tables", "GetTableData"),
    ("s3vectors", "GetVectors ListVectors QueryVectors"),
    ("glacier", "GetJobOutput InitiateJob"),
    (
        "dynamodb",
        "BatchGetItem GetItem Query Scan SearchVectors PartiQLSelect GetRecords ExportTableToPointInTime RestoreTable* \
         CreateBackup GetShardIterator",
    ),
    ("cassandra", "Select* Restore*"),
    ("rds-data", "BatchExecuteStatement ExecuteSql ExecuteStatement"),
    (
        "rds",
        "Copy*Snapshot Create*Snapshot Restore* StartExportTask DownloadDBLogFilePortion DownloadCompleteDBLogFile \
         Modify*SnapshotAttribute CreateDBInstanceReadReplica",
    ),
    ("rds-db", "connect"),
    ("dsql", "DbConnect*"),
    (
        "redshift",
        "AuthorizeDataShare AuthorizeSnapshotAccess CopyClusterSnapshot CreateClusterSnapshot CreateSnapshotCopyGrant \
         EnableSnapshotCopy GetClusterCredentials* Restore*",
    ),
    ("redshift-data", "BatchExecuteStatement ExecuteStatement GetStatementResult*"),
    ("redshift-serverless", "ConvertRecoveryPointToSnapshot Create*Snapshot* GetCredentials Restore* UpdateSnapshotCopyConfiguration"),
    ("neptune-db", "ReadDataViaQuery GetStreamRecords Connect"),
    ("neptune-graph", "CreateGraphSnapshot ReadDataViaQuery RestoreGraphFromSnapshot StartExportTask"),
    ("timestream", "Select* Unload PrepareQuery"),
    ("athena", "GetQueryResults* StartQueryExecution"),
    ("glue", "GetDataPreviewStatement RunDataPreviewStatement RunStatement"),
    ("lakeformation", "GetDataAccess GetTemporary* GetTableObjects GetWorkUnitResults"),
    ("secretsmanager", "GetSecretValue BatchGetSecretValue"),
    ("ssm", "GetParameter GetParameters GetParametersByPath GetParameterHistory GetCommandInvocation ListCommandInvocations"),
    ("kms", "Decrypt ReEncryptFrom"),
    (
        "ec2",
        "CreateSnapshot* CopySnapshot CreateImage CopyImage ExportImage CreateInstanceExportTask CreateStoreImageTask \
         CreateTrafficMirrorSession GetConsoleOutput GetConsoleScreenshot DescribeInstanceAttribute",
    ),
    ("ebs", "GetSnapshotBlock List*Blocks"),
    ("backup", "StartCopyJob StartRestoreJob CopyFromBackupVault CopyIntoBackupVault"),
    ("elasticfilesystem", "ClientMount ClientRootAccess Restore CreateReplicationConfiguration"),
    ("fsx", "CopyBackup CreateBackup CreateFileSystemFromBackup CreateDataRepository*"),
    ("datasync", "StartTaskExecution"),
    ("dms", "StartReplication StartReplicationTask"),
    ("kinesis", "GetRecords GetShardIterator SubscribeToShard"),
    ("kinesisvideo", "GetMedia* GetClip GetImages"),
    ("sqs", "ReceiveMessage"),
    (
        "logs",
        "FilterLogEvents GetLogEvents GetLogRecord GetQueryResults StartQuery StartLiveTail Unmask CreateExportTask \
         PutSubscriptionFilter",
    ),
    ("cloudtrail", "GetQueryResults LookupEvents StartQuery"),
    ("es", "ESHttpGet ESHttpPost"),
    ("aoss", "APIAccessAll"),
    ("kafka-cluster", "ReadData Connect"),
    ("ecr", "BatchGetImage GetDownloadUrlForLayer"),
    ("codecommit", "GitPull GetBlob GetFile GetFolder BatchGet*"),
    ("codeartifact", "GetPackageVersionAsset ReadFromRepository"),
    ("lambda", "GetFunction GetLayerVersion ListFunctions GetFunctionConfiguration"),
    ("cognito-idp", "ListUsers* AdminGetUser"),
    ("mediastore", "GetObject"),
    ("workmail", "StartMailboxExportJob CreateImpersonationRole GetImpersonationRole*"),
    ("workmailmessageflow", "GetRawMessageContent"),
    ("healthlake", "SearchWith* SearchEverything ReadResource StartFHIRExportJob*"),
    ("profile", "SearchProfiles GetProfileHistoryRecord CreateSegmentSnapshot"),
    ("connect", "GetAttachedFile"),
    ("bedrock", "Retrieve* InvokeModel*"),
    ("qbusiness", "Chat* SearchRelevantContent ListMessages"),
    ("sdb", "Select GetAttributes"),
    ("elasticache", "Connect Copy*Snapshot Export*"),
    ("memorydb", "Connect CopySnapshot"),
    ("qldb", "SendCommand ExportJournalToS3 PartiQLSelect"),
    ("transcribe", "GetTranscriptionJob"),
    ("snowball", "CreateJob GetJobManifest GetJobUnlockCode"),
    ("medical-imaging", "GetDICOM* GetImageFrame GetImageSet*"),
    ("omics", "GetReadSet GetReference StartReadSetExportJob"),
    ("macie2", "GetSensitiveDataOccurrences"),
];

const DISARMING: Class = &[
    // Logging.
    ("cloudtrail", "Delete* Deregister* Put* Stop* Update*"),
    ("logs", "Delete* Disassociate* Put*Policy* StopQuery"),
    ("cloudwatch", "Delete* Disable* PutMetricAlarm Stop*"),
    ("events", "Delete* Disable* PutRule PutTargets RemoveTargets"),
    ("ec2", "DeleteFlowLogs DeleteSnapshot DeregisterImage DisableSnapshotBlockPublicAccess DisableEbsEncryptionByDefault"),
    ("wafv2", "Delete* Disassociate*"),
    ("route53resolver", "DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig"),
    ("elasticloadbalancing", "ModifyLoadBalancerAttributes"),
    // Detection.
    ("guardduty", "Archive* Create*Set CreateFilter Delete* Disable* Disassociate* Stop* Update*"),
    ("securityhub", "Batch*Disable* BatchUpdate* Delete* Disable* Disassociate* Update*"),
    ("macie2", "Delete* Disable* Disassociate* Update*"),
    ("inspector2", "Delete* Disable* Disassociate* CreateFilter Update*"),
    ("detective", "Delete* Disassociate*"),
    ("config", "Delete* Stop* Put*"),
    ("access-analyzer", "ApplyArchiveRule CreateArchiveRule Delete* Update*"),
    ("organizations", "Disable*"),
    ("shield", "Delete* Disable* Disassociate*"),
    ("network-firewall", "Delete* Disassociate* Update*"),
    // Keys, secrets, backups, and what holds them fast.
    ("kms", "Delete* Disable* ScheduleKeyDeletion UpdateAlias UpdatePrimaryRegion"),
    ("cloudhsm", "Delete*"),
    ("secretsmanager", "DeleteSecret RemoveRegionsFromReplication StopReplicationToReplica"),
    ("backup", "Delete* Disassociate* PutBackupVault* Stop* Update*"),
    (
        "s3",
        "DeleteObjectVersion PutBucketVersioning PutBucketLogging PutLifecycleConfiguration PutBucketObjectLockConfiguration \
        PutReplicationConfiguration PutEncryptionConfiguration",
    ),
    ("rds", "Delete*Snapshot DeleteDBClusterAutomatedBackup DeleteDBInstanceAutomatedBackup StopActivityStream"),
    ("dynamodb", "DeleteBackup UpdateContinuousBackups"),
    ("redshift", "Delete*Snapshot* DisableLogging DisableSnapshotCopy"),
    ("elasticache", "DeleteSnapshot"),
    ("elasticfilesystem", "DeleteReplicationConfiguration PutBackupPolicy"),
    ("fsx", "DeleteBackup DeleteSnapshot"),
    ("dlm", "DeleteLifecyclePolicy UpdateLifecyclePolicy"),
    ("glacier", "DeleteArchive DeleteVault AbortVaultLock"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{catalogue, escalation};

    #[test]
    fn each_pattern_of_a_class_covers_an_action_that_exists() {
        let mut missing = Vec::new();
        for (service, names) in [PERMISSIONS, CREDENTIALS, DATA, DISARMING].concat() {
            missing.extend(
                names
                    .split_ascii_whitespace()
                    .filter(|name| catalogue().expand(service, name).is_empty())
                    .map(|name| format!("{service}:{name}")),
            );
        }
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn each_action_of_a_path_exists_and_names_are_unique() {
        let actions = escalation::paths().iter().flat_map(|path| path.actions);
        let missing: Vec<_> = actions.filter(|name| catalogue().named(name).is_none_or(|action| action.to_string() != **name)).collect();
        assert_eq!(missing, Vec::<&&str>::new());
        let mut names: Vec<_> = escalation::paths().iter().map(|path| path.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn what_a_thief_would_want_back_is_classed() {
        let class = |name: &str| {
            let action = catalogue().named(name).expect("is an action");
            (action.manages_permissions(), action.issues_credentials(), action.reads_data_in_bulk())
        };
        assert_eq!(class("ecr:GetAuthorizationToken"), (false, true, false));
        assert_eq!(class("iam:GetLoginProfile"), (false, false, false));
        assert_eq!(class("s3:GetBucketPolicy"), (false, false, false));
        assert_eq!(class("s3:PutBucketPolicy"), (true, false, false));
        assert_eq!(class("s3:ListBucket"), (false, false, false));
        assert_eq!(class("iam:PutRolePolicy"), (true, false, false));
        assert_eq!(class("iam:CreateAccessKey"), (true, true, false));
        assert_eq!(class("iam:PassRole"), (true, false, false));
        assert_eq!(class("sts:AssumeRole"), (false, true, false));
        assert_eq!(class("s3:GetObject"), (false, false, true));
        assert_eq!(class("secretsmanager:GetSecretValue"), (false, true, true));
        assert_eq!(class("sqs:SendMessage"), (false, false, false));
        assert_eq!(class("s3:PutObject"), (false, false, false));
        assert_eq!(class("ec2:DescribeInstances"), (false, false, false));
        let action = |name: &str| catalogue().named(name).expect("is an action");
        for name in [
            "lambda:UpdateFunctionCode",
            "ecs:ExecuteCommand",
            "codebuild:StartBuild",
            "cloudformation:UpdateStack",
            "elasticmapreduce:AddJobFlowSteps",
            "codedeploy:CreateDeployment",
            "glue:UpdateDevEndpoint",
        ] {
            assert!(action(name).escalates(), "{name}");
        }
        for way in escalation::paths() {
            assert!(way.actions.iter().all(|name| action(name).escalates()), "{}", way.name);
        }
        for name in [
            "cloudtrail:StopLogging",
            "cloudtrail:PutEventSelectors",
            "guardduty:DeleteDetector",
            "securityhub:DisableSecurityHub",
            "config:StopConfigurationRecorder",
            "logs:DeleteLogGroup",
            "ec2:DeleteFlowLogs",
            "kms:ScheduleKeyDeletion",
            "kms:DisableKey",
            "backup:DeleteRecoveryPoint",
            "rds:DeleteDBSnapshot",
            "s3:PutBucketVersioning",
        ] {
            assert!(action(name).disarms(), "{name}");
        }
        for name in ["sqs:ListQueues", "s3:PutObject", "kms:DescribeKey", "cloudtrail:LookupEvents", "sns:Publish"] {
            assert!(!action(name).escalates() && !action(name).disarms(), "{name}");
        }
    }
}
