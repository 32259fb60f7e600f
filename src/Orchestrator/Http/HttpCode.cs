namespace Pipeline.Orchestrator.Http;

/// <summary>
/// Failures that only the HTTP API knows, beside <see cref="Contracts.FailureCode"/>. A code never changes its meaning; new ones are added.
/// </summary>
public static class HttpCode
{
    /// <summary>The request has no API key.</summary>
    public const string KeyMissing = "key_missing";

    /// <summary>The API key is not known or was revoked.</summary>
    public const string KeyInvalid = "key_invalid";

    /// <summary>The route takes an operator's key.</summary>
    public const string OperatorRequired = "operator_required";

    /// <summary>The body names another tenant than the key's.</summary>
    public const string TenantForbidden = "tenant_forbidden";

    /// <summary>No such invocation, for this caller.</summary>
    public const string InvocationUnknown = "invocation_unknown";

    public const string RouteUnknown = "route_unknown";

    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>The body is not announced as JSON.</summary>
    public const string ContentTypeUnsupported = "content_type_unsupported";

    /// <summary>The request is not HTTP as this server takes it: headers, length, encoding.</summary>
    public const string RequestMalformed = "request_malformed";

    /// <summary>The body did not arrive in time.</summary>
    public const string RequestTimeout = "request_timeout";

    /// <summary>A query value or header has not the documented form.</summary>
    public const string QueryInvalid = "query_invalid";

    /// <summary>The cursor is not one that this API gave.</summary>
    public const string CursorInvalid = "cursor_invalid";

    /// <summary>The bus did not answer in time: whether the submission was accepted is not known. Submit the same again, with the same id.</summary>
    public const string AdmissionUnanswered = "admission_unanswered";

    /// <summary>The bus did not confirm the cancellation in time. Cancel again.</summary>
    public const string CancelUnconfirmed = "cancel_unconfirmed";

    /// <summary>No such dead letter, for this caller.</summary>
    public const string DeadLetterUnknown = "dead_letter_unknown";

    /// <summary>No such replay of dead letters.</summary>
    public const string ReplayUnknown = "replay_unknown";

    /// <summary>The dead letter cannot be sent again: it was before, its queue is not known, part of its body is lost, or there is no broker.</summary>
    public const string ReplayImpossible = "replay_impossible";

    /// <summary>The broker did not confirm the replay. The letter is kept; replaying it again repeats no effect.</summary>
    public const string ReplayUnconfirmed = "replay_unconfirmed";

    /// <summary>This process has as many submissions under way as it takes at once.</summary>
    public const string SubmissionsBusy = "submissions_busy";

    /// <summary>This process, or the tenant in it, has as many event streams as it takes.</summary>
    public const string StreamsExhausted = "streams_exhausted";

    /// <summary>The database did not answer.</summary>
    public const string DatabaseUnavailable = "database_unavailable";

    /// <summary>A defect of ours; the log has it under the trace id.</summary>
    public const string InternalError = "internal_error";
}
