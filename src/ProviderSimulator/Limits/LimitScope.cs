using System.Text.Json.Serialization;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Whose limit it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LimitScope>))]
public enum LimitScope
{
    None = 0,
    Organisation = 1,
    Project = 2,
    Key = 3,
}
