using System.Security.Cryptography;
using System.Text;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Who a key belongs to. Outside this type the key appears as its alias only: a short hash that cannot be turned back.</summary>
internal sealed class KeyOwner(string key, string organisation, string? project)
{
    public string Key => key;

    public string Organisation => organisation;

    public string? Project => project;

    public string Alias { get; } = "key-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 4));

    /// <summary>The owner as the settings write it: <c>organisation</c> or <c>organisation/project</c>.</summary>
    public static KeyOwner Read(string key, string owner) =>
        owner.Split('/', 2) is [{ } organisation, { } project] ? new KeyOwner(key, organisation, project) : new KeyOwner(key, owner, null);
}
