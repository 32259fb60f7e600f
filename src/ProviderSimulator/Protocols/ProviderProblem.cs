using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>A refusal, before a protocol gives it its own shape.</summary>
/// <param name="Verdict">Decides the protocol's type and code.</param>
/// <param name="Status">The HTTP status; a protocol may have another one for the same verdict.</param>
/// <param name="Message">Empty where the protocol has words of its own.</param>
/// <param name="Param">OpenAI names the member it complains about.</param>
/// <param name="Refusal">Set for the limits.</param>
/// <param name="RetryAfter">What to tell the caller.</param>
/// <param name="Code">Instead of the usual code of the verdict or status.</param>
internal sealed record ProviderProblem(
    Verdict Verdict, int Status, string Message = "", string? Param = null, LimitRefusal? Refusal = null, TimeSpan? RetryAfter = null, string? Code = null)
{
    public static ProviderProblem Invalid(string message, string? param = null) => new(Verdict.InvalidRequest, 400, message, param);
}
