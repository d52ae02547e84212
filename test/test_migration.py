"""Whoever comes from the reference finds each name here, or in the table of the page for them."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/migrate-from-zensols.md"
ROW = re.compile(r"^\| `(zensols_like[\w.]*)` \| `([\w.]+)` \| (.+) \|$", re.MULTILINE)
TABLE = {f"{module}.{name}": reason for module, name, reason in ROW.findall(PAGE.read_text())}

ESSENTIAL = {
    "zensols_like": "APIError CudaInfo DeepLearnError NetworkSettings TorchConfig TorchTypes printopts",
    "zensols_like.settings": "NetworkSettings.get_module_class_name NetworkSettings.create_module",
    "zensols_like.batch": "Batch BatchDirectoryCompositeStash BatchError BatchFeatureMapping BatchFieldMetadata "
    "BatchMetadata BatchStash ConfigBatchFeatureMapping DataPoint DataPointIDSet DefaultBatch FieldFeatureMapping "
    "ManagerFeatureMapping MetadataNetworkSettings TorchMultiProcessStash Batch._get_batch_feature_mappings "
    "Batch._encode_field Batch._decode_context Batch._encode Batch._decode Batch._clone "
    "BatchDirectoryCompositeStash._feature_contexts BatchStash._process BatchStash.is_child "
    "DataPoint.write Batch.STATES Batch.attributes Batch.data_points Batch.has_labels Batch.state_name "
    "Batch.torch_config Batch.state Batch.data_point_ids Batch.get_labels Batch.get_label_classes "
    "Batch.get_label_feature_vectorizer Batch.to Batch.size Batch.__len__ Batch.keys Batch.__getitem__ Batch.write "
    "Batch.deallocate FieldFeatureMapping.attribute_accessor FieldFeatureMapping.write "
    "ManagerFeatureMapping.remove_field BatchFeatureMapping.get_attributes "
    "BatchFeatureMapping.get_field_map_by_feature_id BatchFeatureMapping.get_field_map_by_attribute "
    "BatchFeatureMapping.label_feature_id BatchFeatureMapping.label_vectorizer_manager BatchFieldMetadata.shape "
    "MetadataNetworkSettings.batch_metadata BatchStash.batch_data_point_sets BatchStash.batch_metadata "
    "BatchStash.load BatchStash.prime BatchStash.clear BatchStash.clear_all BatchStash.deallocate "
    "BatchStash.create_batch BatchStash.populate_batch_feature_mapping",
    "zensols_like.batch.domain": "Batch BatchFeatureMapping DataPoint DefaultBatch",
    "zensols_like.batch.interface": "BatchDirectoryCompositeStash BatchError DataPointIDSet",
    "zensols_like.batch.mapping": "BatchFeatureMapping ConfigBatchFeatureMapping FieldFeatureMapping "
    "ManagerFeatureMapping",
    "zensols_like.batch.meta": "BatchFieldMetadata BatchMetadata MetadataNetworkSettings",
    "zensols_like.batch.multi": "TorchMultiProcessStash",
    "zensols_like.batch.stash": "BatchStash",
    "zensols_like.vectorize": "AggregateEncodableFeatureVectorizer AttributeEncodableFeatureVectorizer "
    "CategoryEncodableFeatureVectorizer ConfigurableVectorization EncodableFeatureVectorizer FeatureContext "
    "FeatureVectorizer FeatureVectorizerManager FeatureVectorizerManagerSet IdentityEncodableFeatureVectorizer "
    "MaskFeatureContext MaskFeatureVectorizer MultiFeatureContext NominalEncodedEncodableFeatureVectorizer "
    "NullFeatureContext OneHotEncodedEncodableFeatureVectorizer SeriesEncodableFeatureVectorizer "
    "SparseTensorFeatureContext TensorFeatureContext VectorizerError "
    "FeatureVectorizer.transform FeatureVectorizer.shape FeatureVectorizer.description FeatureVectorizer.DESCRIPTION "
    "FeatureVectorizer._get_shape EncodableFeatureVectorizer.encode EncodableFeatureVectorizer.decode "
    "EncodableFeatureVectorizer.torch_config EncodableFeatureVectorizer._encode EncodableFeatureVectorizer._decode "
    "EncodableFeatureVectorizer._validate_context SparseTensorFeatureContext.instance "
    "SparseTensorFeatureContext.to_tensor SparseTensorFeatureContext.sparse_arr SparseTensorFeatureContext.USE_SPARSE "
    "MultiFeatureContext.is_empty FeatureVectorizerManager.get FeatureVectorizerManager.__getitem__ "
    "FeatureVectorizerManager.keys FeatureVectorizerManager.values FeatureVectorizerManager.items "
    "FeatureVectorizerManager.__len__ FeatureVectorizerManager.transform FeatureVectorizerManager.feature_ids "
    "FeatureVectorizerManagerSet.get FeatureVectorizerManagerSet.keys FeatureVectorizerManagerSet.values "
    "FeatureVectorizerManagerSet.items FeatureVectorizerManagerSet.get_vectorizer_names "
    "FeatureVectorizerManagerSet.get_vectorizer FeatureVectorizerManagerSet.feature_ids "
    "CategoryEncodableFeatureVectorizer.by_label CategoryEncodableFeatureVectorizer.get_classes "
    "CategoryEncodableFeatureVectorizer.label_encoder AggregateEncodableFeatureVectorizer.create_padded_tensor "
    "AggregateEncodableFeatureVectorizer.DEFAULT_PAD_LABEL",
    "zensols_like.persist": "CacheStash Deallocatable DelegateDefaults DelegateStash DictionaryStash "
    "DirectoryCompositeStash DirectoryStash FactoryStash MissingDataKeysError NoopStash OneShotFactoryStash "
    "PersistableContainer PersistableError PreemptiveStash PrimablePreemptiveStash Primeable PrimeableStash "
    "ReadOnlyDelegateStash ReadOnlyStash SortedStash Stash UnionStash chunks dealloc dealloc_recursive "
    "Stash.load Stash.get Stash.exists Stash.dump Stash.delete Stash.clear Stash.keys Stash.key_groups Stash.values "
    "Stash.items Stash.__getitem__ Stash.__iter__ Stash.__len__ Stash.__contains__ DelegateStash.delegate_attr "
    "PreemptiveStash.has_data PreemptiveStash._calculate_has_data PreemptiveStash._reset_has_data "
    "PreemptiveStash._set_has_data Primeable.prime OneShotFactoryStash.worker DictionaryStash.data "
    "DirectoryStash.key_to_path Deallocatable.deallocate PersistableContainer._PERSITABLE_TRANSIENT_ATTRIBUTES "
    "PersistableContainer._PERSITABLE_REMOVE_ATTRIBUTES PersistableContainer._PERSITABLE_PROPERTIES "
    "PersistableContainer._PERSITABLE_METHODS",
    "zensols_like.multi": "MultiProcessStash TorchMultiProcessStash MultiProcessStash._create_data "
    "MultiProcessStash._process MultiProcessStash.processor_class MultiProcessStash.is_child "
    "MultiProcessStash.LOG_CONFIG_SECTION",
    "zensols_like.dataset": "AbstractSplitKeyContainer DatasetError DatasetSplitStash SortedDatasetSplitStash "
    "SplitKeyContainer SplitStashContainer StashSplitKeyContainer SplitKeyContainer.split_names "
    "SplitKeyContainer.counts_by_key SplitKeyContainer.keys_by_split SplitKeyContainer.clear SplitKeyContainer.write "
    "SplitKeyContainer._get_keys_by_split SplitStashContainer.split_name SplitStashContainer.splits "
    "DatasetSplitStash.check_key_consistent DatasetSplitStash.clear_keys DatasetSplitStash.write",
    "zensols_like.dataframe": "DataframeError DataframeStash DefaultDataframeStash SplitColumnDataframeStash "
    "SplitKeyDataframeStash SplitColumnDataframeStash.get_labels SplitColumnDataframeStash.get_label_count",
    "zensols_like.torchconfig": "TorchConfig.cpu_device TorchConfig.cuda_configs TorchConfig.cuda_device_index "
    "TorchConfig.cuda_devices TorchConfig.device TorchConfig.float_type TorchConfig.gpu_available TorchConfig.info "
    "TorchConfig.int_type TorchConfig.numpy_data_type TorchConfig.tensor_class TorchConfig.using_cpu TorchConfig.cat "
    "TorchConfig.clone TorchConfig.close TorchConfig.cross_entropy_pad TorchConfig.empty TorchConfig.equal "
    "TorchConfig.float TorchConfig.from_iterable TorchConfig.from_numpy TorchConfig.int TorchConfig.is_sparse "
    "TorchConfig.ones TorchConfig.same_device TorchConfig.singleton TorchConfig.sparse TorchConfig.to "
    "TorchConfig.to_cpu_deallocate TorchConfig.to_type TorchConfig.zeros TorchConfig.cpu_device_name "
    "TorchConfig.empty_cache TorchConfig.in_memory_tensors TorchConfig.init TorchConfig.is_on_cpu "
    "TorchConfig.get_random_seed TorchConfig.get_random_seed_context TorchConfig.set_random_seed "
    "TorchTypes.float_to_int TorchTypes.get_numpy_type TorchTypes.get_tensor_class TorchTypes.int_to_float "
    "TorchTypes.is_float TorchTypes.is_int TorchTypes.type_from_string",
    "zensols_like.config": "ConfigFactory Configurable ConfigurableError ConfigurableFileNotFoundError "
    "ConfigurationError Dictable ExtendedInterpolationConfig ExtendedInterpolationEnvConfig FactoryError "
    "ImportConfigFactory IniConfig RedefinedInjectionError Serializer Settings Writable Writeback "
    "Configurable.__getitem__ Configurable.as_one_tier_dict Configurable.asdict Configurable.copy_sections "
    "Configurable.get_option Configurable.get_option_boolean Configurable.get_option_float "
    "Configurable.get_option_int Configurable.get_option_list Configurable.get_option_object "
    "Configurable.get_option_path Configurable.get_options Configurable.has_option Configurable.merge "
    "Configurable.options Configurable.populate Configurable.reload Configurable.remove_section "
    "Configurable.sections Configurable.set_option Configurable.write Dictable.asdict Dictable.asflatdict "
    "Dictable.asjson Dictable.asyaml Dictable.write Dictable._DICTABLE_ATTRIBUTES Dictable._DICTABLE_FORMATS "
    "Dictable._DICTABLE_WRITABLE_DESCENDANTS Dictable._DICTABLE_WRITE_EXCLUDES ImportConfigFactory.__call__ "
    "ImportConfigFactory.clear ImportConfigFactory.clear_instance ImportConfigFactory.clone "
    "ImportConfigFactory.deallocate ImportConfigFactory.from_config_string ImportConfigFactory.get_class "
    "ImportConfigFactory.instance ImportConfigFactory.new_deep_instance ImportConfigFactory.new_instance",
}
USEFUL = {
    "zensols_like.vectorize": "TransformableFeatureVectorizer NominalMultiLabelEncodedEncodableFeatureVectorizer "
    "NonUniformDimensionEncoder",
    "zensols_like.persist": "CloseableStash KeyLimitStash KeySubsetStash CacheFactoryStash ProtectiveStash "
    "LRUCacheStash IncrementKeyDirectoryStash ShelveStash ZipStash FailureFilterStash FileTextUtil PersistedWork "
    "persisted",
    "zensols_like.multi": "ChunkProcessor MultiProcessor PoolMultiProcessor SingleMultiProcessor "
    "MultiProcessDefaultStash MultiProcessFactoryStash MultiProcessRobustStash TorchMultiProcessFactoryStash "
    "TorchMultiProcessRobustStash",
    "zensols_like.dataset": "StratifiedStashSplitKeyContainer StratifiedCrossFoldSplitKeyContainer "
    "LeaveNOutSplitKeyContainer MultiLabelStratifierSplitKeyContainer OutlierDetector DimensionReducer",
    "zensols_like.dataframe": "AutoSplitDataframeStash DataframeMetadata DataframeFeatureVectorizerManager "
    "DataframeBatchStash DataframeDataPoint DataframeBatch ResourceFeatureDataframeStash DataframeConfig",
    "zensols_like.config": "DictionaryConfig StringConfig JsonConfig YamlConfig EnvironmentConfig ImportIniConfig "
    "ConfigurableFactory ImportYamlConfig ConditionalYamlConfig ImportTreeConfig ConfigurableDiffer",
}
PARAMETERS = {
    "zensols_like.TorchConfig": "use_gpu data_type cuda_device_index device_name",
    "zensols_like.vectorize.ConfigurableVectorization": "name config_factory",
    "zensols_like.vectorize.FeatureVectorizer": "name config_factory feature_id",
    "zensols_like.vectorize.EncodableFeatureVectorizer": "name config_factory feature_id manager",
    "zensols_like.vectorize.FeatureVectorizerManager": "name config_factory torch_config configured_vectorizers",
    "zensols_like.vectorize.FeatureVectorizerManagerSet": "name config_factory names",
    "zensols_like.vectorize.CategoryEncodableFeatureVectorizer": "name config_factory feature_id manager categories",
    "zensols_like.vectorize.NominalEncodedEncodableFeatureVectorizer": "name config_factory feature_id manager "
    "categories data_type decode_one_hot",
    "zensols_like.vectorize.OneHotEncodedEncodableFeatureVectorizer": "name config_factory feature_id manager "
    "categories optimize_bools",
    "zensols_like.vectorize.AggregateEncodableFeatureVectorizer": "name config_factory feature_id manager "
    "delegate_feature_id size pad_label",
    "zensols_like.vectorize.MaskFeatureVectorizer": "name config_factory feature_id manager size data_type",
    "zensols_like.persist.DelegateStash": "delegate",
    "zensols_like.persist.FactoryStash": "delegate factory enable_preemptive dump_factory_nones force_clear_factory",
    "zensols_like.persist.SortedStash": "delegate sort_function",
    "zensols_like.persist.CacheStash": "delegate cache_stash",
    "zensols_like.persist.UnionStash": "stashes",
    "zensols_like.persist.DirectoryStash": "path pattern",
    "zensols_like.persist.DirectoryCompositeStash": "path groups attribute_name load_keys",
    "zensols_like.persist.chunks": "iterable size enum",
    "zensols_like.multi.MultiProcessStash": "delegate config name chunk_size workers",
    "zensols_like.dataset.DatasetSplitStash": "delegate split_container",
    "zensols_like.dataset.SortedDatasetSplitStash": "delegate split_container sort_function",
    "zensols_like.dataset.AbstractSplitKeyContainer": "key_path pattern",
    "zensols_like.dataset.StashSplitKeyContainer": "key_path pattern stash distribution shuffle",
    "zensols_like.dataframe.SplitColumnDataframeStash": "dataframe_path split_col",
    "zensols_like.dataframe.SplitKeyDataframeStash": "dataframe_path split_col key_path",
    "zensols_like.dataframe.AutoSplitDataframeStash": "dataframe_path split_col key_path distribution",
    "zensols_like.dataframe.DefaultDataframeStash": "dataframe_path split_col key_path input_csv_path",
    "zensols_like.config.IniConfig": "config_file default_section use_interpolation",
    "zensols_like.config.ExtendedInterpolationEnvConfig": "config_file default_section env env_sec remove_vars",
    "zensols_like.config.ImportConfigFactory": "config reload shared reload_pattern",
}
NAMES = [f"{module}.{name}" for module, names in ESSENTIAL.items() for name in names.split()]


def exists(full_name):
    module = next(name for name in sorted(ESSENTIAL, key=len, reverse=True) if full_name.startswith(f"{name}."))
    found = importlib.import_module(module)
    for name in full_name.removeprefix(f"{module}.").split("."):
        if name in getattr(found, "__dataclass_fields__", ()) or name in getattr(found, "__annotations__", ()):
            return True
        found = getattr(found, name, None)
    return found is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_reference_is_here_or_the_page_says_what_to_use(name):
    assert exists(name) != (name in TABLE)


def test_the_page_lists_only_names_of_the_reference_and_says_why_each_is_missing():
    assert set(TABLE) <= set(NAMES)
    assert all(len(reason) > 20 for reason in TABLE.values())


@pytest.mark.parametrize("name", [f"{module}.{name}" for module, names in USEFUL.items() for name in names.split()])
def test_a_less_used_name_is_here_or_on_the_page(name):
    assert exists(name) or f"`{name.rpartition('.')[2]}`" in PAGE.read_text()


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_parameters_of_the_reference_come_first_and_in_their_order(name):
    module, _, attribute = name.rpartition(".")
    parameters = inspect.signature(getattr(importlib.import_module(module), attribute)).parameters.values()
    positional = [one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert positional == PARAMETERS[name].split()
