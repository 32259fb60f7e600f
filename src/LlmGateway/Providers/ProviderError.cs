using System.Text.Json;

namespace Pipeline.LlmGateway.Providers;

/// <summary>An error answer in the terms that the vendors share.</summary>
internal sealed record ProviderError
{
    public required int Status { get; init; }

    /// <summary><c>error.type</c>.</summary>
    public string? Type { get; init; }

    /// <summary><c>error.code</c> (OpenAI), <c>error.details.error_code</c> (Anthropic).</summary>
    public string? Code { get; init; }

    public string? Message { get; init; }

    /// <summary>Reads what can be read; errors also come from proxies that answer HTML or nothing.</summary>
    public static ProviderError Read(int status, byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("error", out var error))
            {
                return new ProviderError { Status = status };
            }

            if (error.ValueKind != JsonValueKind.Object)
            {
                return new ProviderError { Status = status, Message = error.ValueKind == JsonValueKind.String ? error.GetString() : null };
            }

            var details = error.TryGetProperty("details", out var found) ? found : default;
            return new ProviderError
            {
                Status = status,
                Type = Text(error, "type"),
                Code = Text(error, "code") ?? Text(details, "error_code"),
                Message = Text(error, "message"),
            };
        }
        catch (JsonException)
        {
            return new ProviderError { Status = status };
        }
    }

    /// <summary>What a status means where neither type nor code says more.</summary>
    public ModelFailureKind KindByStatus() => Status switch
    {
        401 or 403 => ModelFailureKind.KeyRefused,
        402 => ModelFailureKind.QuotaExhausted,
        413 => ModelFailureKind.TooLarge,
        429 => ModelFailureKind.Throttled,
        503 or 529 => ModelFailureKind.Overloaded,
        408 or 409 or >= 500 => ModelFailureKind.Unavailable,
        _ => ModelFailureKind.Refused,
    };

    public bool MessageContains(string words) => Message is not null && Message.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
