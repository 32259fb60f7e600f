using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// A JSON value whose strings are templates. A string that is one capture and nothing else keeps the captured value's
/// JSON type; <c>{"$number":"${euros}${cents}"}</c> makes a number of text.
/// </summary>
internal sealed class JsonTemplate
{
    internal const string NumberMember = "$number";

    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Action<Utf8JsonWriter, CaptureSet> _write;

    private JsonTemplate(Action<Utf8JsonWriter, CaptureSet> write) => _write = write;

    /// <param name="value">The value as it stands in the rule file.</param>
    /// <param name="read">Parses one template string; it reports its own errors and answers null for a bad one.</param>
    public static JsonTemplate Compile(JsonElement value, Func<string, Template?> read) => new(CompileValue(value, read));

    public string Render(CaptureSet captures)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer, Compact))
        {
            _write(writer, captures);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static Action<Utf8JsonWriter, CaptureSet> CompileValue(JsonElement value, Func<string, Template?> read)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return CompileString(value.GetString() ?? "", read);
            case JsonValueKind.Array:
                Action<Utf8JsonWriter, CaptureSet>[] items = [.. value.EnumerateArray().Select(item => CompileValue(item, read))];
                return (writer, captures) =>
                {
                    writer.WriteStartArray();
                    Array.ForEach(items, item => item(writer, captures));
                    writer.WriteEndArray();
                };
            case JsonValueKind.Object:
                return CompileObject(value, read);
            default:
                string raw = value.GetRawText();
                return (writer, _) => writer.WriteRawValue(raw);
        }
    }

    private static Action<Utf8JsonWriter, CaptureSet> CompileObject(JsonElement value, Func<string, Template?> read)
    {
        JsonProperty[] properties = [.. value.EnumerateObject()];
        if (properties is [{ Name: NumberMember, Value.ValueKind: JsonValueKind.String } number])
        {
            Template? text = read(number.Value.GetString() ?? "");
            return (writer, captures) => WriteNumber(writer, text?.Render(captures) ?? "");
        }

        (string Name, Action<Utf8JsonWriter, CaptureSet> Write)[] members = [.. properties.Select(p => (p.Name, CompileValue(p.Value, read)))];
        return (writer, captures) =>
        {
            writer.WriteStartObject();
            foreach ((string name, Action<Utf8JsonWriter, CaptureSet> write) in members)
            {
                writer.WritePropertyName(name);
                write(writer, captures);
            }

            writer.WriteEndObject();
        };
    }

    private static Action<Utf8JsonWriter, CaptureSet> CompileString(string text, Func<string, Template?> read)
    {
        Template? template = read(text);
        return (writer, captures) =>
        {
            if (template?.OnlyName is { } name && captures.Json(name) is { } json)
            {
                json.WriteTo(writer);
            }
            else
            {
                writer.WriteStringValue(template?.Render(captures));
            }
        };
    }

    private static void WriteNumber(Utf8JsonWriter writer, string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            writer.WriteNumberValue(whole);
        }
        else if (decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            // What a model does with a number it did not find: it sends what it has, and the tool's schema refuses it.
            writer.WriteStringValue(text);
        }
    }
}
