using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>
/// Makes a <see cref="DeadLetter"/> of whatever was found. Takes any bytes and any headers: what cannot be read stays unsaid, and the message
/// is kept all the same.
/// </summary>
internal static partial class DeadLetterReading
{
    public const string DeadLetterQueue = "dead-letters";
    public const string ErrorSuffix = "_error";
    public const string SkippedSuffix = "_skipped";

    private static readonly string[] RefusedMarks = ["SubmissionRefusedException"];

    public static DeadLetter Read(FoundMessage found, int maxBodyBytes, DateTime now)
    {
        var headers = found.Headers.ToDictionary(x => x.Key, x => Text(x.Value), StringComparer.Ordinal);
        string? Header(string name) => headers.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
        var queue = QueueOf(found.SourceQueue, Header);
        var exception = Header("MT-Fault-ExceptionType");
        var message = Header("MT-Fault-Message");
        var code = CodeOf(found.SourceQueue, exception, message, Header);
        var (tenant, agent, invocation) = AddressIn(found.Body);
        var kept = found.Body.Length <= maxBodyBytes ? found.Body : found.Body[..maxBodyBytes];
        return new DeadLetter
        {
            Fingerprint = Fingerprint(found, headers),
            SourceQueue = Cut(found.SourceQueue, DeadLetterMap.LongestName)!,
            Queue = Cut(queue, DeadLetterMap.LongestName),
            Code = Cut(code, DeadLetterMap.LongestName)!,
            ExceptionGroup = Cut(GroupOf(code, exception, message), DeadLetterMap.LongestName)!,
            Reason = Cut(message ?? ReasonOf(found.SourceQueue, Header), DeadLetterMap.LongestReason),
            Agent = agent ?? AgentOf(queue),
            Tenant = tenant,
            InvocationId = invocation,
            MessageId = Cut(found.MessageId, DeadLetterMap.LongestName),
            ContentType = Cut(found.ContentType, DeadLetterMap.LongestName),
            Properties = JsonSerializer.Serialize(new DeadLetterProperties(found.MessageId, found.CorrelationId, found.ReplyTo, found.Timestamp, headers!), DeadLetterJson.Stored.DeadLetterProperties).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal),
            Body = kept,
            BodyBytes = found.Body.Length,
            FailedAt = TimeOf(Header("MT-Fault-Timestamp"), now),
            CollectedAt = now,
        };
    }

    /// <summary>A header as text, whatever an AMQP client may have put there.</summary>
    internal static string Text(object? value) => Storable(value switch
    {
        null => "",
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        string text => text,
        IDictionary<string, object?> table => "{" + string.Join(", ", table.Select(x => $"{x.Key}: {Text(x.Value)}")) + "}",
        System.Collections.IEnumerable list => "[" + string.Join(", ", list.Cast<object?>().Select(Text)) + "]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    });

    private static string? QueueOf(string source, Func<string, string?> header)
    {
        if (source == DeadLetterQueue)
        {
            return header("x-first-death-queue");
        }

        var suffix = source.EndsWith(ErrorSuffix, StringComparison.Ordinal) ? ErrorSuffix : SkippedSuffix;
        return source.EndsWith(suffix, StringComparison.Ordinal) ? source[..^suffix.Length] : null;
    }

    private static string CodeOf(string source, string? exception, string? message, Func<string, string?> header)
    {
        if (exception is not null)
        {
            // A refusal of ours says its code first.
            var isRefusal = RefusedMarks.Any(x => exception.EndsWith(x, StringComparison.Ordinal));
            return isRefusal && message?.Split(':', 2)[0] is { Length: > 0 and <= 64 } code ? code : exception.Split('.')[^1];
        }

        if (source.EndsWith(SkippedSuffix, StringComparison.Ordinal))
        {
            return "skipped";
        }

        return header("x-first-death-reason") ?? "unknown";
    }

    private static string? ReasonOf(string source, Func<string, string?> header) => source.EndsWith(SkippedSuffix, StringComparison.Ordinal)
        ? "No consumer of the queue takes a message of this type."
        : header("x-first-death-reason") is { } reason ? $"The broker gave it up: '{reason}'." : null;

    private static string GroupOf(string code, string? exception, string? message)
    {
        if (exception is null || RefusedMarks.Any(x => exception.EndsWith(x, StringComparison.Ordinal)))
        {
            return code;
        }

        var line = (message ?? "").Split('\n', 2)[0];
        return $"{exception}: {Values().Replace(line, "…")}";
    }

    private static string? AgentOf(string? queue)
    {
        var prefix = QueueName.Invocations("");
        var name = queue?.StartsWith(prefix, StringComparison.Ordinal) == true ? queue[prefix.Length..].Split('.')[0] : null;
        return AgentCatalog.IsName(name) ? name : null;
    }

    /// <summary>Tenant, agent and invocation as the body names them, of a plain submission or of a message in an envelope.</summary>
    internal static (string? Tenant, string? Agent, Guid? InvocationId) AddressIn(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("message", out var message) && root.TryGetProperty("messageType", out _))
            {
                root = message;
            }

            var id = Name(root, "invocationId", 64);
            var (tenant, agent) = (Name(root, "tenant", 64), Name(root, "agent", 64));
            return (AgentCatalog.IsName(tenant) ? tenant : null, AgentCatalog.IsName(agent) ? agent : null, Guid.TryParse(id, out var parsed) ? parsed : null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static string? Name(JsonElement element, string name, int longest) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length <= longest ? text : null;

    private static byte[] Fingerprint(FoundMessage found, Dictionary<string, string> headers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string? text)
        {
            var bytes = Encoding.UTF8.GetBytes(text ?? "");
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        Add(found.SourceQueue);
        Add(found.MessageId);
        Add(found.CorrelationId);
        // Not what the broker counts: it differs from delivery to delivery of the same message.
        foreach (var (name, value) in headers.Where(x => x.Key is not ("x-delivery-count" or "x-acquired-count")).OrderBy(x => x.Key, StringComparer.Ordinal))
        {
            Add(name);
            Add(value);
        }

        hash.AppendData(found.Body);
        return hash.GetHashAndReset();
    }

    private static DateTime? TimeOf(string? text, DateTime now) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && time.UtcDateTime > DateTime.UnixEpoch && time.UtcDateTime <= now.AddDays(1) ? time.UtcDateTime : null;

    private static string? Cut(string? text, int longest)
    {
        if (text is null || text.Length <= longest)
        {
            return text is null ? null : Storable(text);
        }

        return Storable(text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)]);
    }

    // Not every database stores a zero byte, or half a surrogate pair.
    private static string Storable(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    [GeneratedRegex("""'[^']*'|"[^"]*"|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\d+""")]
    private static partial Regex Values();
}
