using System.Text;
using System.Text.Json;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>
/// One outgoing message as it will leave: serialized, with its ids, addresses, headers and transport properties (routing key and the like).
/// </summary>
internal sealed record StoredMessage
{
    // Rows written by an older version must stay readable: append fields, raise the version, keep reading the old ones.
    private const byte FormatVersion = 1;

    public required Guid MessageId { get; init; }

    public required Uri Destination { get; init; }

    public required string ContentType { get; init; }

    public required byte[] Body { get; init; }

    /// <summary>Set where <see cref="Body"/> is only a reference: the name of the composer that turns it into the message.</summary>
    public string? Composer { get; init; }

    public Guid? RequestId { get; init; }

    public Guid? CorrelationId { get; init; }

    public Guid? ConversationId { get; init; }

    public Guid? InitiatorId { get; init; }

    public Uri? Source { get; init; }

    public Uri? ResponseAddress { get; init; }

    public Uri? FaultAddress { get; init; }

    public DateTime? ExpiresAt { get; init; }

    /// <summary>W3C trace parent of the event that sent it.</summary>
    public string? TraceParent { get; init; }

    public string[] MessageTypes { get; init; } = [];

    public IReadOnlyDictionary<string, object> Headers { get; init; } = new Dictionary<string, object>();

    public IReadOnlyDictionary<string, object> Properties { get; init; } = new Dictionary<string, object>();

    public static byte[] Pack(IReadOnlyList<StoredMessage> messages)
    {
        using var stream = new MemoryStream(512 + messages.Sum(x => x.Body.Length));
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(FormatVersion);
        writer.Write7BitEncodedInt(messages.Count);
        foreach (var message in messages)
        {
            message.Write(writer);
        }

        return stream.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are not of a format that this version knows.</exception>
    public static List<StoredMessage> Unpack(byte[] packed)
    {
        using var reader = new BinaryReader(new MemoryStream(packed), Encoding.UTF8);
        try
        {
            var version = reader.ReadByte();
            if (version != FormatVersion)
            {
                throw new InvalidDataException($"Outgoing messages are stored in format '{version}', this version reads '{FormatVersion}'. Run the version that wrote them, or a newer one.");
            }

            var count = reader.Read7BitEncodedInt();
            var messages = new List<StoredMessage>(Math.Clamp(count, 0, 1024));
            for (var i = 0; i < count; i++)
            {
                messages.Add(Read(reader));
            }

            return messages;
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or JsonException or UriFormatException or ArgumentException)
        {
            throw new InvalidDataException($"Stored outgoing messages cannot be read: {e.Message}", e);
        }
    }

    private void Write(BinaryWriter writer)
    {
        writer.Write(MessageId.ToByteArray());
        writer.Write(Destination.ToString());
        writer.Write(ContentType);
        writer.Write7BitEncodedInt(Body.Length);
        writer.Write(Body);
        WriteText(writer, Composer);
        WriteId(writer, RequestId);
        WriteId(writer, CorrelationId);
        WriteId(writer, ConversationId);
        WriteId(writer, InitiatorId);
        WriteText(writer, Source?.ToString());
        WriteText(writer, ResponseAddress?.ToString());
        WriteText(writer, FaultAddress?.ToString());
        writer.Write(ExpiresAt?.Ticks ?? 0L);
        WriteText(writer, TraceParent);
        writer.Write7BitEncodedInt(MessageTypes.Length);
        foreach (var type in MessageTypes)
        {
            writer.Write(type);
        }

        WriteText(writer, Headers.Count == 0 ? null : JsonSerializer.Serialize(Headers));
        WriteText(writer, Properties.Count == 0 ? null : JsonSerializer.Serialize(Properties));
    }

    private static StoredMessage Read(BinaryReader reader)
    {
        var messageId = new Guid(reader.ReadBytes(16));
        var destination = new Uri(reader.ReadString());
        var contentType = reader.ReadString();
        var body = reader.ReadBytes(reader.Read7BitEncodedInt());
        var composer = ReadText(reader);
        var requestId = ReadId(reader);
        var correlationId = ReadId(reader);
        var conversationId = ReadId(reader);
        var initiatorId = ReadId(reader);
        var source = ReadText(reader);
        var response = ReadText(reader);
        var fault = ReadText(reader);
        var expires = reader.ReadInt64();
        var traceParent = ReadText(reader);
        var types = new string[reader.Read7BitEncodedInt()];
        for (var i = 0; i < types.Length; i++)
        {
            types[i] = reader.ReadString();
        }

        return new StoredMessage
        {
            MessageId = messageId,
            Destination = destination,
            ContentType = contentType,
            Body = body,
            Composer = composer,
            RequestId = requestId,
            CorrelationId = correlationId,
            ConversationId = conversationId,
            InitiatorId = initiatorId,
            Source = source is null ? null : new Uri(source),
            ResponseAddress = response is null ? null : new Uri(response),
            FaultAddress = fault is null ? null : new Uri(fault),
            ExpiresAt = expires == 0 ? null : new DateTime(expires, DateTimeKind.Utc),
            TraceParent = traceParent,
            MessageTypes = types,
            Headers = ReadValues(reader),
            Properties = ReadValues(reader),
        };
    }

    private static void WriteId(BinaryWriter writer, Guid? id)
    {
        writer.Write(id.HasValue);
        if (id is { } value)
        {
            writer.Write(value.ToByteArray());
        }
    }

    private static Guid? ReadId(BinaryReader reader) => reader.ReadBoolean() ? new Guid(reader.ReadBytes(16)) : null;

    private static void WriteText(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
        {
            writer.Write(text);
        }
    }

    private static string? ReadText(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;

    private static Dictionary<string, object> ReadValues(BinaryReader reader)
    {
        var values = new Dictionary<string, object>();
        if (ReadText(reader) is not { } json)
        {
            return values;
        }

        using var document = JsonDocument.Parse(json);
        foreach (var property in document.RootElement.EnumerateObject())
        {
            values[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                JsonValueKind.Number when property.Value.TryGetInt64(out var whole) => whole,
                JsonValueKind.Number => property.Value.GetDouble(),
                JsonValueKind.String => property.Value.GetString()!,
                _ => property.Value.GetRawText(),
            };
        }

        return values;
    }
}
