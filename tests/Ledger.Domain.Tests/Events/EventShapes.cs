using System.Text.Json.Serialization.Metadata;
using Ledger.Domain.Events;

namespace Ledger.Domain.Tests.Events;

/// <summary>Which objects stand in stored events, as the serializer sees them.</summary>
internal static class EventShapes
{
    /// <summary>Every event, the metadata, and every object inside them.</summary>
    public static IReadOnlyCollection<Type> Reachable()
    {
        var found = new HashSet<Type>();
        var open = new Queue<Type>([.. EventJson.Names.Values, typeof(EventMetadata)]);
        while (open.TryDequeue(out var type))
        {
            if (EventJson.Options.GetTypeInfo(type).Kind != JsonTypeInfoKind.Object || !found.Add(type)) continue;
            foreach (var property in EventJson.Options.GetTypeInfo(type).Properties)
                foreach (var part in Parts(property.PropertyType)) open.Enqueue(part);
        }
        return found;
    }

    /// <summary>The type itself, what a list holds, what may be absent.</summary>
    public static IEnumerable<Type> Parts(Type type) =>
        type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts) : [type];
}
