//! CloudTrail records from files, S3 and events, streamed; event to principal, action, resource.
