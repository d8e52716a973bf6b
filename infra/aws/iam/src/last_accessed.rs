//! Access Advisor: `GenerateServiceLastAccessedDetails` and the answer that it leads to.

use std::time::{Duration, SystemTime};

use aws_sdk_iam::types::{AccessAdvisorUsageGranularityType, JobStatusType};
use menagerie_aws::CallError;

use crate::{Iam, SERVICE};

const OPERATION: &str = "GetServiceLastAccessedDetails";

/// How deep the answer goes. IAM knows the action level for some services only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// Services.
    Service,
    /// Services, and the actions that IAM tracks.
    Action,
}

/// When a principal used which service last.
#[derive(Debug, Clone)]
pub struct LastAccessed {
    /// When IAM finished the answer.
    pub completed: SystemTime,
    /// A row for each service that the principal's policies name.
    pub services: Vec<ServiceAccess>,
}

/// When a service was used last.
#[derive(Debug, Clone)]
pub struct ServiceAccess {
    /// The prefix of its actions.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// When it was used last, within IAM's tracking period.
    pub last_authenticated: Option<SystemTime>,
    /// Who used it last.
    pub entity: Option<String>,
    /// How many used it.
    pub total: Option<u64>,
    /// The actions that IAM tracks.
    pub actions: Vec<ActionAccess>,
}

/// When an action was used last.
#[derive(Debug, Clone)]
pub struct ActionAccess {
    /// Its name without the service.
    pub name: String,
    /// When it was used last.
    pub last_accessed: Option<SystemTime>,
}

impl Iam {
    /// Starts the report on a principal or policy, and answers the job's ID.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered.
    pub async fn generate_last_accessed(&self, arn: &str, granularity: Granularity) -> Result<String, CallError> {
        let granularity = match granularity {
            Granularity::Service => AccessAdvisorUsageGranularityType::ServiceLevel,
            Granularity::Action => AccessAdvisorUsageGranularityType::ActionLevel,
        };
        let call = self.client.generate_service_last_accessed_details().arn(arn).granularity(granularity);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "GenerateServiceLastAccessedDetails", &error))?;
        answer.job_id.ok_or_else(|| CallError::malformed(SERVICE, "GenerateServiceLastAccessedDetails", "it names no job"))
    }

    /// The report of a job, every page, asked for again with growing pauses until it is done or `patience` is over.
    ///
    /// # Errors
    /// [`CallError`] as IAM answered; a job that failed or takes longer is an answer that cannot be used.
    pub async fn last_accessed(&self, job: &str, patience: Duration) -> Result<LastAccessed, CallError> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(200);
        let mut marker: Option<String> = None;
        let mut services = Vec::new();
        loop {
            let call = self.client.get_service_last_accessed_details().job_id(job).set_marker(marker.clone());
            let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, OPERATION, &error))?;
            match answer.job_status {
                JobStatusType::Completed => {}
                JobStatusType::InProgress if waited < patience => {
                    tokio::time::sleep(pause).await;
                    waited += pause;
                    pause = (pause * 2).min(Duration::from_secs(5));
                    continue;
                }
                JobStatusType::InProgress => return Err(CallError::malformed(SERVICE, OPERATION, "the job is not done yet")),
                _ => {
                    let reason = answer.error.map_or_else(|| "the job failed".to_owned(), |error| error.message);
                    return Err(CallError::malformed(SERVICE, OPERATION, reason));
                }
            }
            services.extend(answer.services_last_accessed.into_iter().map(|service| {
                ServiceAccess {
                    namespace: service.service_namespace,
                    name: service.service_name,
                    last_authenticated: service.last_authenticated.and_then(|time| SystemTime::try_from(time).ok()),
                    entity: service.last_authenticated_entity,
                    total: service.total_authenticated_entities.and_then(|count| u64::try_from(count).ok()),
                    actions: service
                        .tracked_actions_last_accessed
                        .unwrap_or_default()
                        .into_iter()
                        .map(|action| ActionAccess {
                            name: action.action_name.unwrap_or_default(),
                            last_accessed: action.last_accessed_time.and_then(|time| SystemTime::try_from(time).ok()),
                        })
                        .collect(),
                }
            }));
            if answer.is_truncated && answer.marker.is_some() {
                marker = answer.marker;
                continue;
            }
            let completed = SystemTime::try_from(answer.job_completion_date)
                .map_err(|_| CallError::malformed(SERVICE, OPERATION, "the time of completion is out of range"))?;
            return Ok(LastAccessed { completed, services });
        }
    }
}
