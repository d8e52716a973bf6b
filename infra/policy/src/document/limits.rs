//! How large policies may be, in characters without white space, and how many versions are kept. Source: IAM User Guide, "IAM
//! and AWS STS quotas". The limits of inline policies are for all of one principal's together.

/// All inline policies of a role.
pub const ROLE_INLINE: usize = 10_240;
/// All inline policies of a user.
pub const USER_INLINE: usize = 2_048;
/// All inline policies of a group.
pub const GROUP_INLINE: usize = 5_120;
/// One managed policy.
pub const MANAGED: usize = 6_144;
/// How many managed policies may be attached to a user, a group or a role, unless AWS was asked for more.
pub const ATTACHED: usize = 10;
/// The most that AWS allows when it is asked.
pub const ATTACHED_MOST: usize = 20;
/// How many versions IAM keeps of a managed policy.
pub const MANAGED_VERSIONS: usize = 5;

/// The longest text that is read, in bytes. IAM takes no document over 131,072 characters, white space and all.
pub const DOCUMENT_BYTES: usize = 1 << 20;
/// How deep objects and lists may stand in each other. The grammar needs five levels.
pub const DEPTH: usize = 32;
