//! How a grant becomes more than it says: the paths by which who holds certain actions can give themselves, or take on, permissions that they
//! were not given. They are public knowledge (the catalogue of paths that Rhino Security Labs began in 2018, and AWS's own guidance on
//! `iam:PassRole` and on permissions boundaries). Whether a path is open depends on resources and conditions as well: a report ranks by
//! these, and proves nothing.

/// One path: who holds all of the actions holds more than them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// A short name, stable between versions.
    pub name: &'static str,
    /// All of these are needed, as `service:Name`.
    pub actions: &'static [&'static str],
    /// What comes of it, in one sentence.
    pub outcome: &'static str,
}

impl Path {
    /// Whether a holder of what `holds` says yes to has this path.
    pub fn is_open(&self, mut holds: impl FnMut(&str) -> bool) -> bool {
        self.actions.iter().all(|action| holds(action))
    }

    /// Whether it takes a role that can be handed to a service: what can come of it depends on the roles that `iam:PassRole` names.
    #[must_use]
    pub fn passes_role(&self) -> bool {
        self.actions.contains(&"iam:PassRole")
    }
}

/// All paths, the most direct first.
#[must_use]
pub fn paths() -> &'static [Path] {
    PATHS
}

const fn path(name: &'static str, actions: &'static [&'static str], outcome: &'static str) -> Path {
    Path { name, actions, outcome }
}

static PATHS: &[Path] = &[
    // IAM's own policies.
    path(
        "new-policy-version",
        &["iam:CreatePolicyVersion"],
        "A managed policy that the holder has is given a new version that allows everything.",
    ),
    path(
        "old-policy-version",
        &["iam:SetDefaultPolicyVersion"],
        "An older and wider version of a managed policy is made the one in force.",
    ),
    path("put-user-policy", &["iam:PutUserPolicy"], "An inline policy that allows everything is put on a user."),
    path("put-group-policy", &["iam:PutGroupPolicy"], "An inline policy that allows everything is put on a group of the holder."),
    path(
        "put-role-policy",
        &["iam:PutRolePolicy"],
        "An inline policy that allows everything is put on a role that the holder is or can take on.",
    ),
    path("attach-user-policy", &["iam:AttachUserPolicy"], "AdministratorAccess is attached to a user."),
    path("attach-group-policy", &["iam:AttachGroupPolicy"], "AdministratorAccess is attached to a group of the holder."),
    path("attach-role-policy", &["iam:AttachRolePolicy"], "AdministratorAccess is attached to a role that the holder is or can take on."),
    path("join-group", &["iam:AddUserToGroup"], "The holder joins a group that may do more."),
    path("drop-user-boundary", &["iam:DeleteUserPermissionsBoundary"], "The boundary that held a user's policies down is taken off."),
    path("drop-role-boundary", &["iam:DeleteRolePermissionsBoundary"], "The boundary that held a role's policies down is taken off."),
    path("widen-user-boundary", &["iam:PutUserPermissionsBoundary"], "A user's boundary is replaced by a wider one."),
    path("widen-role-boundary", &["iam:PutRolePermissionsBoundary"], "A role's boundary is replaced by a wider one."),
    path("drop-deny-user", &["iam:DeleteUserPolicy"], "An inline policy that denied something is deleted."),
    path("drop-deny-role", &["iam:DeleteRolePolicy"], "An inline policy that denied something is deleted."),
    path("detach-deny-user", &["iam:DetachUserPolicy"], "A managed policy that denied something is detached."),
    path("detach-deny-role", &["iam:DetachRolePolicy"], "A managed policy that denied something is detached."),
    // Becoming someone else.
    path("trust-oneself", &["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], "A role is made to trust the holder, who takes it on."),
    path("assume-role", &["sts:AssumeRole"], "Each role that trusts the account and that the grant names can be taken on."),
    path("new-access-key", &["iam:CreateAccessKey"], "An access key is made for a user who may do more."),
    path("new-console-password", &["iam:CreateLoginProfile"], "A console password is set for a user who had none."),
    path("other-console-password", &["iam:UpdateLoginProfile"], "A user's console password is changed for one that the holder knows."),
    path(
        "new-service-credential",
        &["iam:CreateServiceSpecificCredential"],
        "A credential for one service is made for a user who may do more.",
    ),
    path("reset-service-credential", &["iam:ResetServiceSpecificCredential"], "A credential of another user is reset and shown."),
    path(
        "drop-mfa",
        &["iam:DeactivateMFADevice", "iam:UpdateLoginProfile"],
        "A user's second factor is taken off and the password changed.",
    ),
    path("new-saml-provider", &["iam:UpdateSAMLProvider"], "The roles that trust an identity provider trust one that the holder runs."),
    path(
        "new-oidc-thumbprint",
        &["iam:UpdateOpenIDConnectProviderThumbprint"],
        "The roles that trust an OpenID provider trust another's certificate.",
    ),
    path(
        "new-trust-anchor",
        &["rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile", "iam:PassRole"],
        "Certificates of the holder's own authority take a role on.",
    ),
    path(
        "permission-set-policy",
        &["sso:PutInlinePolicyToPermissionSet", "sso:ProvisionPermissionSet"],
        "A permission set that the holder has is given a policy that allows everything.",
    ),
    path(
        "permission-set-managed",
        &["sso:AttachManagedPolicyToPermissionSet", "sso:ProvisionPermissionSet"],
        "AdministratorAccess is attached to a permission set that the holder has.",
    ),
    path("account-assignment", &["sso:CreateAccountAssignment"], "The holder is assigned a wider permission set."),
    path(
        "cognito-identity-roles",
        &["cognito-identity:SetIdentityPoolRoles", "iam:PassRole"],
        "An identity pool gives out a role that may do more.",
    ),
    // A role handed to a service that runs what the holder says.
    path(
        "pass-ec2",
        &["iam:PassRole", "ec2:RunInstances"],
        "An instance is started with a role, and its code or user data acts as the role.",
    ),
    path(
        "pass-ec2-profile",
        &["iam:PassRole", "ec2:AssociateIamInstanceProfile"],
        "A running instance that the holder controls is given a role.",
    ),
    path(
        "pass-ec2-replace-profile",
        &["iam:PassRole", "ec2:ReplaceIamInstanceProfileAssociation"],
        "A running instance's role is replaced by one that may do more.",
    ),
    path("profile-role", &["iam:AddRoleToInstanceProfile", "iam:PassRole"], "The role of an instance profile in use is changed."),
    path("pass-ec2-spot", &["iam:PassRole", "ec2:RequestSpotInstances"], "A spot instance is started with a role."),
    path(
        "pass-ec2-template",
        &["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"],
        "What a group starts next runs the holder's code with the group's role.",
    ),
    path(
        "pass-autoscaling",
        &["iam:PassRole", "autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"],
        "A group starts instances with a role.",
    ),
    path(
        "pass-lambda-invoke",
        &["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
        "A function is made with a role and invoked.",
    ),
    path(
        "pass-lambda-permission",
        &["iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission"],
        "A function is made with a role, and another account may invoke it.",
    ),
    path(
        "pass-lambda-source",
        &["iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping"],
        "A function is made with a role, and a stream or queue invokes it.",
    ),
    path(
        "pass-lambda-url",
        &["iam:PassRole", "lambda:CreateFunction", "lambda:CreateFunctionUrlConfig"],
        "A function is made with a role and an address anyone may call.",
    ),
    path("lambda-code", &["lambda:UpdateFunctionCode"], "A function's code is replaced and acts as the function's role."),
    path(
        "lambda-layer",
        &["lambda:UpdateFunctionConfiguration"],
        "A layer of the holder's is put before a function's code, or its role changed.",
    ),
    path("pass-ecs-run", &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"], "A container is run with a role."),
    path("pass-ecs-start", &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:StartTask"], "A container is started with a role."),
    path(
        "pass-ecs-service",
        &["iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:UpdateService"],
        "A service's containers are replaced by ones with another role.",
    ),
    path("ecs-exec", &["ecs:ExecuteCommand"], "A command is run in a container and acts as the task's role."),
    path("pass-batch", &["iam:PassRole", "batch:RegisterJobDefinition", "batch:SubmitJob"], "A job is run with a role."),
    path(
        "pass-cloudformation",
        &["iam:PassRole", "cloudformation:CreateStack"],
        "A stack is made with a role and creates what the role may.",
    ),
    path("cloudformation-update", &["cloudformation:UpdateStack"], "A stack is changed, and acts as the role that it was made with."),
    path(
        "cloudformation-change-set",
        &["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"],
        "A stack is changed by a change set, and acts as the role that it was made with.",
    ),
    path(
        "pass-cloudformation-stack-set",
        &["iam:PassRole", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"],
        "Stacks are made in other accounts with their execution roles.",
    ),
    path(
        "pass-codebuild",
        &["iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"],
        "A build is made with a role and runs the holder's commands.",
    ),
    path(
        "codebuild-project",
        &["codebuild:UpdateProject", "codebuild:StartBuild"],
        "A project's commands are replaced and act as its role.",
    ),
    path("codebuild-override", &["codebuild:StartBuild"], "A build is started with other commands, and acts as its project's role."),
    path(
        "pass-codepipeline",
        &["iam:PassRole", "codepipeline:CreatePipeline"],
        "A pipeline is made with a role and deploys what the holder says.",
    ),
    path("codedeploy", &["codedeploy:CreateDeployment"], "Code of the holder's is deployed to instances and acts as their role."),
    path("pass-glue-endpoint", &["iam:PassRole", "glue:CreateDevEndpoint"], "A development endpoint is made with a role and logged in to."),
    path("glue-endpoint-key", &["glue:UpdateDevEndpoint"], "The holder's SSH key is put on an endpoint, which acts as its role."),
    path("pass-glue-job", &["iam:PassRole", "glue:CreateJob", "glue:StartJobRun"], "A job is made with a role and run."),
    path(
        "pass-glue-job-update",
        &["iam:PassRole", "glue:UpdateJob", "glue:StartJobRun"],
        "A job's script and role are changed, and it is run.",
    ),
    path("pass-glue-trigger", &["iam:PassRole", "glue:CreateJob", "glue:CreateTrigger"], "A job is made with a role and run by a trigger."),
    path(
        "pass-sagemaker-notebook",
        &["iam:PassRole", "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"],
        "A notebook is made with a role and opened.",
    ),
    path(
        "sagemaker-notebook-open",
        &["sagemaker:CreatePresignedNotebookInstanceUrl"],
        "A notebook of others is opened, and acts as its role.",
    ),
    path(
        "sagemaker-lifecycle",
        &[
            "sagemaker:CreateNotebookInstanceLifecycleConfig",
            "sagemaker:StopNotebookInstance",
            "sagemaker:UpdateNotebookInstance",
            "sagemaker:StartNotebookInstance",
        ],
        "A notebook runs the holder's script as it starts.",
    ),
    path(
        "pass-sagemaker-training",
        &["iam:PassRole", "sagemaker:CreateTrainingJob"],
        "A training job runs the holder's container with a role.",
    ),
    path(
        "pass-sagemaker-processing",
        &["iam:PassRole", "sagemaker:CreateProcessingJob"],
        "A processing job runs the holder's container with a role.",
    ),
    path(
        "pass-sagemaker-tuning",
        &["iam:PassRole", "sagemaker:CreateHyperParameterTuningJob"],
        "A tuning job runs the holder's container with a role.",
    ),
    path(
        "pass-datapipeline",
        &["iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"],
        "A pipeline runs commands with a role.",
    ),
    path("pass-emr", &["iam:PassRole", "elasticmapreduce:RunJobFlow"], "A cluster is started with a role and runs the holder's steps."),
    path("emr-steps", &["elasticmapreduce:AddJobFlowSteps"], "A step of the holder's runs on a cluster and acts as its role."),
    path("pass-emr-serverless", &["iam:PassRole", "emr-serverless:StartJobRun"], "A job is run with a role."),
    path(
        "pass-step-functions",
        &["iam:PassRole", "states:CreateStateMachine", "states:StartExecution"],
        "A state machine is made with a role and calls what the role may.",
    ),
    path(
        "step-functions-update",
        &["states:UpdateStateMachine", "states:StartExecution"],
        "A state machine's steps are replaced and act as its role.",
    ),
    path("pass-scheduler", &["iam:PassRole", "scheduler:CreateSchedule"], "A schedule calls any API with a role."),
    path("pass-events", &["iam:PassRole", "events:PutRule", "events:PutTargets"], "A rule starts a target with a role."),
    path(
        "pass-ssm-automation",
        &["iam:PassRole", "ssm:CreateDocument", "ssm:StartAutomationExecution"],
        "An automation of the holder's calls what a role may.",
    ),
    path("pass-apprunner", &["iam:PassRole", "apprunner:CreateService"], "A service runs the holder's container with a role."),
    path(
        "pass-bedrock-agentcore",
        &[
            "iam:PassRole",
            "bedrock-agentcore:CreateCodeInterpreter",
            "bedrock-agentcore:StartCodeInterpreterSession",
            "bedrock-agentcore:InvokeCodeInterpreter",
        ],
        "A code interpreter is made with a role and runs the holder's code.",
    ),
    // Control of a machine that has a role.
    path("ssm-command", &["ssm:SendCommand"], "A command is run on instances and acts as their role."),
    path("ssm-session", &["ssm:StartSession"], "A shell is opened on an instance and acts as its role."),
    path(
        "instance-connect",
        &["ec2-instance-connect:SendSSHPublicKey"],
        "An SSH key is put on an instance for a login that acts as its role.",
    ),
    path("serial-console", &["ec2-instance-connect:SendSerialConsoleSSHPublicKey"], "A serial console is opened on an instance."),
    path(
        "user-data",
        &["ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances"],
        "An instance's user data is replaced and runs at the next start as its role.",
    ),
    path(
        "eks-access-entry",
        &["eks:CreateAccessEntry", "eks:AssociateAccessPolicy"],
        "The holder is made a cluster's administrator, whose pods have roles.",
    ),
    // Control of what guards.
    path("key-policy", &["kms:PutKeyPolicy"], "A key's policy is replaced, and all that it encrypts can be read."),
    path("key-grant", &["kms:CreateGrant"], "A grant on a key is given to whom the holder names."),
    path("bucket-policy", &["s3:PutBucketPolicy"], "A bucket's policy is replaced, and all that is in it can be read or changed."),
    path("secret-policy", &["secretsmanager:PutResourcePolicy"], "A secret's policy is replaced, and it can be read from elsewhere."),
    path("detach-scp", &["organizations:DetachPolicy"], "A service control policy that held an account down is detached."),
    path("change-scp", &["organizations:UpdatePolicy"], "A service control policy that held accounts down is widened."),
];
