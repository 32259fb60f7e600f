namespace Pipeline.Contracts;

/// <summary>
/// The closed list of failures on the wire. A code never changes its meaning; new ones are added. Strings, so that an older reader
/// can carry a code it does not know.
/// </summary>
public static class FailureCode
{
    // A submission is refused.

    /// <summary>The body is not JSON, or not of the documented shape.</summary>
    public const string SubmissionInvalid = "submission_invalid";

    /// <summary>No agent of that name is defined.</summary>
    public const string AgentUnknown = "agent_unknown";

    /// <summary>The body or the input is larger than the limit.</summary>
    public const string InputTooLarge = "input_too_large";

    /// <summary>The idempotency key or invocation id was used before with another body.</summary>
    public const string IdempotencyConflict = "idempotency_conflict";

    /// <summary>Not now: the agent's backlog is full. Submit the same again after <c>retryAfterSeconds</c>; nothing was refused for good.</summary>
    public const string AdmissionDeferred = "admission_deferred";

    // An invocation ends without an answer.

    /// <summary>The invocation's deadline passed.</summary>
    public const string DeadlineExceeded = "deadline_exceeded";

    /// <summary>The agent's limit of model turns is used up.</summary>
    public const string TurnLimitReached = "turn_limit_reached";

    /// <summary>The agent's limit of tokens is used up.</summary>
    public const string TokenLimitReached = "token_limit_reached";

    /// <summary>The agent's limit of tool calls is used up.</summary>
    public const string ToolCallLimitReached = "tool_call_limit_reached";

    /// <summary>The model asked for more tool calls in one turn than may run at once.</summary>
    public const string FanOutLimitReached = "fan_out_limit_reached";

    /// <summary>A caller or an operator cancelled the invocation.</summary>
    public const string Cancelled = "cancelled";

    // The model did not answer.

    /// <summary>The provider refused the request as malformed or not allowed; repeating it cannot help.</summary>
    public const string ModelRequestRefused = "model_request_refused";

    /// <summary>The request is larger than the model's context window or the provider's limit; it is not sent again.</summary>
    public const string ModelRequestTooLarge = "model_request_too_large";

    /// <summary>No endpoint of the pool could answer in time.</summary>
    public const string ModelUnavailable = "model_unavailable";

    /// <summary>The key was refused or its quota or billing is exhausted; an operator must act.</summary>
    public const string ModelCredentialsExhausted = "model_credentials_exhausted";

    /// <summary>The provider answered something that is not of its documented shape.</summary>
    public const string ModelAnswerInvalid = "model_answer_invalid";

    /// <summary>No pool of that name is configured.</summary>
    public const string ModelPoolUnknown = "model_pool_unknown";

    // A tool did not answer. These reach the model as the tool's result.

    /// <summary>The model asked for a tool that does not exist or that the agent may not use.</summary>
    public const string ToolUnknown = "tool_unknown";

    /// <summary>The arguments are not JSON or do not fit the tool's schema.</summary>
    public const string ArgumentsInvalid = "arguments_invalid";

    /// <summary>The tool threw.</summary>
    public const string ToolFailed = "tool_failed";

    /// <summary>The tool did not answer within its time limit.</summary>
    public const string ToolTimeout = "tool_timeout";

    /// <summary>The tool's circuit is open and its fallback says so to the model.</summary>
    public const string ToolUnavailable = "tool_unavailable";

    /// <summary>A <c>OnceOnly</c> tool was interrupted: whether its effect happened is not known, and it is not repeated.</summary>
    public const string ToolOutcomeUnknown = "tool_outcome_unknown";

    /// <summary>The tool's result is larger than the limit and the tool does not allow truncation.</summary>
    public const string ToolResultTooLarge = "tool_result_too_large";

    /// <summary>The agent's join rule was decided before this call had a result; a late one is ignored.</summary>
    public const string CallNotAwaited = "call_not_awaited";

    /// <summary>A declared HTTP or MCP tool would connect to an address that is not allowed, or its server's description is not the reviewed one.</summary>
    public const string ToolNotAllowed = "tool_not_allowed";
}
