using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator;

/// <summary>How the simulator ended a call. The closed list: errors of both protocols and lines of the ledger are named by it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    None = 0,
    Answered = 1,
    RequestLimited = 2,
    TokenLimited = 3,
    ConcurrencyLimited = 4,

    /// <summary>The call asks for more tokens than a full bucket holds; waiting does not help.</summary>
    NeverFits = 5,
    QuotaExhausted = 6,
    Unauthenticated = 7,
    InvalidRequest = 8,
    TooLarge = 9,
    ModelNotFound = 10,

    /// <summary>A rule's error status.</summary>
    FaultStatus = 11,

    /// <summary>A rule made it hang, until the caller left or the longest latency was over.</summary>
    FaultHang = 12,

    /// <summary>A rule cut the connection or broke the stream.</summary>
    FaultAbort = 13,

    /// <summary>The caller left before the answer was written.</summary>
    CallerGone = 14,

    /// <summary>A bug of the simulator or a rule that took too long.</summary>
    SimulatorError = 15,
    RouteNotFound = 16,

    /// <summary>The load grew faster than the provider permits.</summary>
    SlowDown = 17,

    /// <summary>Prompt and max_tokens together are longer than the model's context.</summary>
    ContextTooLong = 18,

    /// <summary>A rule or an outage answered 200 with something that is not the protocol.</summary>
    FaultGarbage = 19,
}
