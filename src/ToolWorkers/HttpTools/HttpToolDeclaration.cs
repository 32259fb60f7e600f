using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>The <c>http</c> member of a manifest: the request that the tool is, and what of the response the model reads.</summary>
internal sealed record HttpToolDeclaration
{
    public required HttpMethod Method { get; init; }

    public required UrlTemplate Url { get; init; }

    /// <summary>Values may hold <c>secret:NAME</c>, never arguments.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The JSON body's template; null where the request has none.</summary>
    public JsonElement? Body { get; init; }

    /// <summary>The statuses that count as success; 200 to 299 where empty.</summary>
    public required IReadOnlyList<int> SuccessStatuses { get; init; }

    /// <summary>A JSON Pointer; empty for the whole response.</summary>
    public required string Select { get; init; }

    /// <summary>True where the response is handed on as text, false where it must be JSON.</summary>
    public required bool AsText { get; init; }

    /// <summary>Bytes that are read of a response, decompressed.</summary>
    public required int MaxResponseBytes { get; init; }

    /// <summary>Carries the call id of tools with effects; null for none.</summary>
    public string? IdempotencyHeader { get; init; }
}
