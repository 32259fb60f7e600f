using System.Text.Json;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>One provider's wire: how it reads a call, what it charges, and how its answers, headers and errors look.</summary>
internal interface IProviderProtocol
{
    /// <summary>The name in the ledger.</summary>
    string Name { get; }

    string RequestIdHeader { get; }

    string? ReadKey(HttpRequest request);

    /// <summary>The request is set if the answer is null.</summary>
    ProviderProblem? Read(JsonElement body, out ModelRequest? request);

    /// <summary>How the provider charges, if the limits do not say otherwise.</summary>
    ChargeModel Charges { get; }

    void WriteLimitHeaders(IHeaderDictionary headers, in LimitLevels levels, DateTimeOffset now);

    void WriteRetryHeaders(IHeaderDictionary headers, TimeSpan retryAfter);

    void WriteProblem(Utf8JsonWriter json, Call call, ProviderProblem problem);

    void WriteAnswer(Utf8JsonWriter json, Call call, ModelRequest request, ModelAnswer answer);

    /// <summary>The events of a stream, one after the other; the caller flushes after each.</summary>
    IEnumerable<StreamEvent> StreamAnswer(Call call, ModelRequest request, ModelAnswer answer, int chunkCharacters);

    /// <summary>What a stream says when it breaks after it began well.</summary>
    StreamEvent StreamProblem(Call call, ProviderProblem problem);
}
